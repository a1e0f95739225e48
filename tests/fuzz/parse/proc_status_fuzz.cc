// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <vector>

#include "agent/parse/proc_status.h"
#include "hullmark/ids.h"
#include "tests/fuzz/parse/require.h"
#include "tests/unit/parse/print.h"

using namespace hullmark;

// What was parsed prints to a text that parses the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const auto parsed = ParseProcStatus(TextOf(bytes, size));
  Require(Honest(parsed));
  if (!parsed) return 0;
  const auto groups = ParseGroups(parsed->groups);
  Require(Honest(groups));
  const auto text = PrintStatus(parsed->facts, groups.value_or(std::vector<Gid>{}));
  const auto again = ParseProcStatus(text);
  Require(again.has_value() && again->facts == parsed->facts);
  if (groups) Require(ParseGroups(again->groups) == groups);
  return 0;
}
