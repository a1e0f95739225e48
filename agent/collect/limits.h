// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>

#include "hullmark/ids.h"
#include "hullmark/limits.h"
#include "hullmark/snapshot.h"

namespace hullmark {

// The limits in force on a container with the cgroup `own` whose processes are in `members`, its
// init's first and at least one: the smallest over each cgroup and its ancestors, with the one that
// binds. In every hierarchy they begin at the directory of `own`'s path: what is below it is the
// container's to write, and holds for a part of its processes only. But for the directory called
// "container", into which crun puts the limits and all processes: they begin there when every
// process is in it. Where there is no directory of `own`'s path, they begin at the init's.
// Pure but for merged I/O limit lists, which get a row in the Snapshot.
LimitsInForce ComputeLimits(Snapshot& snapshot, std::span<const MembershipIndex> members,
                            std::optional<CgroupIndex> own);

}  // namespace hullmark
