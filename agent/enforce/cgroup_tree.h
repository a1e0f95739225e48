// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
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

// Lets run what a freeze has stopped, whoever froze it.
Result<void> Thaw(const LimitChange& freeze);

// Whether nobody is left in the container's own cgroups; false too where that cannot be read.
bool IsEmptyTree(const ContainerPlaces& places);

// How KillTree freezes, if it has to. Each freeze, done or failed, is followed by a thaw.
struct FreezeSteps {
  std::function<Result<void>(const LimitChange&)> freeze{};
  std::function<void(const LimitChange&)> thaw{};
};

// Kills everything in the container's own cgroups: by cgroup.kill where there is one, else frozen,
// each by a descriptor, thawed; until nobody is left. Returns what was done; an error if somebody
// is left some seconds after the deadline.
Result<std::string> KillTree(const ContainerPlaces& places, std::chrono::milliseconds deadline,
                             const FreezeSteps& steps);

}  // namespace hullmark
