// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "agent/enforce/action_book.h"
#include "agent/enforce/unit_limits.h"
#include "hullmark/action.h"

namespace hullmark {

// Restores what an action has changed, the last change first. What is no longer ours stays: a
// cgroup that is gone or another one, a value that somebody else has written since. Whatever can be
// restored is, even where something else cannot.
ActionOutcome RollBack(const BookedAction& booked, const UnitLimits& units);

}  // namespace hullmark
