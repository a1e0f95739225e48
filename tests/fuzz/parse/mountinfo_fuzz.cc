// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

#include "agent/parse/mountinfo.h"
#include "hullmark/strings.h"
#include "tests/fuzz/parse/require.h"
#include "tests/unit/parse/print.h"

using namespace hullmark;

// Mounts are at most as many as asked for and as there are lines, and print to a table that parses
// to the same texts.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  constexpr std::size_t kMost = 8;
  const auto text = TextOf(bytes, size);
  StringTable strings;
  const auto parsed = ParseMountinfo(text, strings, kMost);
  Require(Honest(parsed) && Honest(ParseMountinfoWithOptions(text, strings)));
  if (!parsed) return 0;
  Require(parsed->mounts.size() <= kMost);
  Require(std::ranges::count(text, '\n') >= static_cast<std::ptrdiff_t>(parsed->mounts.size()));

  std::string printed;
  for (const auto& mount : parsed->mounts) printed += PrintMount(mount, strings);
  const auto interned = strings.size();
  const auto again = ParseMountinfo(printed, strings, kMost);
  Require(again && !again->truncated && again->mounts.size() == parsed->mounts.size());
  Require(strings.size() == interned);
  return 0;
}
