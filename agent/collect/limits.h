// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hullmark/ids.h"
#include "hullmark/limits.h"
#include "hullmark/snapshot.h"

namespace hullmark {

// The limits in force on a process of `membership`: the smallest over each cgroup and its
// ancestors, with the one that binds. Pure but for merged I/O limit lists, which get a row in the
// Snapshot.
LimitsInForce ComputeLimits(Snapshot& snapshot, MembershipIndex membership);

}  // namespace hullmark
