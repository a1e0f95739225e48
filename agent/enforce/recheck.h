// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "agent/enforce/limit_change.h"
#include "agent/enforce/plan.h"
#include "hullmark/action.h"
#include "hullmark/ids.h"
#include "hullmark/limits.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark {

// Where a container's own cgroup is, hierarchy by hierarchy.
struct ContainerPlaces {
  struct Place {
    CgroupPlace place{};
    CgroupVersion version = CgroupVersion::kV2;
  };
  CgroupPlace own{};                                   // The one it is known by.
  std::optional<Place> cpu{}, pids{}, memory{}, io{};  // Where the controller lives.
  std::optional<CgroupPlace> freezer{};                // v1.
  std::optional<CgroupPlace> unified{};                // v2, on a hybrid host too.
};

// Of a container's own cgroup, see Container::cgroup. Its directory is "" where it cannot be seen.
ContainerPlaces PlacesOf(const Snapshot& snapshot, const Cgroup& own);

// What a fresh look says of an action's target.
struct Confirmed {
  std::optional<ContainerPlaces> places{};  // nullopt: it has no cgroup of its own.
  bool is_pid_1 = false;                    // Its init is number 1 of a pid namespace of its own.
  std::vector<DeviceNumber> disks{};
  Limit memory_limit{};  // In force, bytes.
};

// Decides anew, on a fresh look, whether an action may be taken: the rule means the container
// still, it is the same life in the same cgroup, the same process fails the same control, and
// nothing protects it. Error (kVanished, kMalformed): what is different. `input.report` has a line
// of proof per offender.
Result<Confirmed> Recheck(const PlanInput& input, const Action& action);

}  // namespace hullmark
