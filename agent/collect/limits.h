// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "hullmark/ids.h"
#include "hullmark/limits.h"
#include "hullmark/snapshot.h"

namespace hullmark {

// The limits in force on a container with the cgroup `own` and a process of `membership`: the
// smallest over each cgroup and its ancestors, with the one that binds. In every hierarchy they
// begin at the directory of `own`'s path: what is below it is the container's to write, and holds
// for a part of its processes only. Where there is no such directory, they begin at the process'.
// Pure but for merged I/O limit lists, which get a row in the Snapshot.
LimitsInForce ComputeLimits(Snapshot& snapshot, MembershipIndex membership,
                            std::optional<CgroupIndex> own);

}  // namespace hullmark
