// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <string>

#include "agent/parse/proc_stat.h"
#include "tests/fuzz/parse/require.h"

using namespace hullmark;

// A hostile name changes no field, and an own stat line is never taken from the name.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const auto text = TextOf(bytes, size);
  Require(Honest(ParseProcStat(text)));

  static const std::string kFields =
      ") S 1 2 3 4 -1 5 0 0 0 0 0 0 0 0 20 0 7 0 99 1 1 1 11 12 13 0 0 0 0 0 0 0 0 0 17 1 0 0 0 0 "
      "0 1 2 3 4 5 6 7 0\n";
  const auto plain = ParseProcStat("1 (x" + kFields);
  const auto named = ParseProcStat("1 (" + std::string(text) + kFields);
  Require(plain && named && named->facts == plain->facts && named->image == plain->image);
  return 0;
}
