// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "agent/base/file.h"
#include "agent/enforce/action_book.h"
#include "agent/enforce/limit_change.h"
#include "agent/enforce/unit_limits.h"
#include "hullmark/action.h"

namespace hullmark {

// Where something may be restored, and through whom.
struct RollBackLimits {
  std::string boot_id{};  // Of now: what was done before a restart of the host is in force no more.
  const UnitLimits& units;
  bool (*is_place)(const Fd& directory) = IsInCgroupfs;
};

// Restores what an action has changed, the last change first. Where an older action that is held
// has changed the same value, its value comes back; where a younger one has, that one's stays. What
// is no longer ours stays: a cgroup that is gone or another one, a value that somebody else has
// written since. What cannot be a change of ours (another file, no cgroup) is void: said, and left.
// Whatever can be restored is, even where something else cannot.
ActionOutcome RollBack(const ActionBook& book, std::uint64_t id, const RollBackLimits& limits);

}  // namespace hullmark
