// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>

#include "agent/parse/proc_cgroup.h"
#include "tests/fuzz/parse/require.h"
#include "tests/unit/parse/print.h"

using namespace hullmark;

// Nothing of a line is lost: printing gives a text that parses to the same lines. Numbers may have
// lost leading zeros.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const auto lines = ParseProcCgroup(TextOf(bytes, size));
  Require(Honest(lines));
  if (!lines) return 0;
  const auto text = PrintCgroup(*lines);
  const auto again = ParseProcCgroup(text);
  Require(again && again->size() == lines->size() && PrintCgroup(*again) == text);
  for (const auto& line : *lines) {
    Require(line.path.starts_with('/') && !line.path.contains('\n'));
    Require((line.hierarchy == 0) == line.controllers.empty());
    if (const auto stripped = WithoutDeletedSuffix(line.path)) {
      Require(line.path.starts_with(*stripped) && stripped->size() < line.path.size());
    }
  }
  return 0;
}
