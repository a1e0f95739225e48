// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <string>

#include "agent/parse/schedstat.h"
#include "tests/fuzz/parse/require.h"

using namespace hullmark;

// What is believed prints to a text that parses the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const auto count = ParseSchedstat(TextOf(bytes, size));
  Require(Honest(count));
  if (!count) return 0;
  const auto text =
      std::to_string(count->nanoseconds) + " 0 " + std::to_string(count->slices) + "\n";
  Require(ParseSchedstat(text) == *count);
  return 0;
}
