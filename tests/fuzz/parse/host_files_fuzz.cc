// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

#include "agent/parse/host_files.h"
#include "hullmark/ids.h"
#include "tests/fuzz/parse/require.h"

using namespace hullmark;

// One input through every file of the host: sizes stay below the input's.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const auto text = TextOf(bytes, size);
  const auto memory = ParseMemTotal(text);
  const auto controllers = ParseProcCgroups(text);
  const auto lockdown = ParseLockdown(text);
  const auto modules = ParseLsmList(text);
  const auto profiles = CountEnforcedProfiles(text);
  Require(Honest(memory) && Honest(ParseSwaps(text)) && Honest(controllers));
  Require(Honest(lockdown) && Honest(modules) && Honest(profiles));

  if (memory) Require(*memory % 1024 == 0);
  if (lockdown) Require(!lockdown->empty() && text.contains("[" + *lockdown + "]"));
  if (profiles) Require(*profiles <= std::ranges::count(text, '\n'));
  if (modules) Require(!modules->empty() && std::ranges::count(*modules, "") == 0);
  if (controllers) {
    for (const auto& controller : *controllers) Require(text.contains(controller.name));
  }
  if (const auto group = GroupNameOf(text, Gid{}))
    Require(!group->empty() && text.contains(*group));
  Require(size - TrimLine(text).size() <= 1);
  return 0;
}
