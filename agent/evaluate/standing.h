// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>

#include "agent/evaluate/known_state.h"
#include "hullmark/event.h"
#include "hullmark/report.h"
#include "hullmark/snapshot.h"

namespace hullmark {

// What a verdict amounts to for those who listen: waived and manual are as quiet as a pass.
Standing StandingOf(Status status);

// What a step from one standing to another is called, of a failing one to a failing one that its
// severity changed; nullopt for what gets well again after having been unknown.
std::optional<EventKind> KindOfStep(Standing from, Standing to);

// Whether the proof of a failing control names one of the processes that have ended.
bool IsOver(const Report& report, const Finding& finding, std::span<const EndedProcess> ended);

}  // namespace hullmark
