// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>

#include "agent/base/file.h"
#include "agent/enforce/limit_change.h"
#include "agent/enforce/recheck.h"
#include "hullmark/result.h"

namespace hullmark {

// What is done to all processes of a cgroup and of those below it.

// How a cgroup is frozen: the change of its file.
Result<LimitChange> FreezeChange(const ContainerPlaces& places);

// Waits until a written freeze has taken hold. A v1 freezer may hang over a process that waits for
// the kernel: then it is an error, and to be thawed.
Result<void> AwaitFrozen(const LimitChange& change, std::chrono::milliseconds deadline);

// Kills everything in the container's own cgroups: by cgroup.kill where there is one, else frozen,
// each by a descriptor, thawed; until nobody is left or the deadline is over. Returns what was
// done.
Result<std::string> KillTree(const ContainerPlaces& places, std::chrono::milliseconds deadline);

}  // namespace hullmark
