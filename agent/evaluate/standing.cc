// SPDX-License-Identifier: Apache-2.0
#include "agent/evaluate/standing.h"

#include <optional>

#include "agent/evaluate/known_state.h"
#include "hullmark/event.h"
#include "hullmark/report.h"

namespace hullmark {

Standing StandingOf(Status status) {
  switch (status) {
    case Status::kFail:
      return Standing::kFailing;
    case Status::kUnknown:
      return Standing::kUnknown;
    case Status::kPass:
    case Status::kNotApplicable:
    case Status::kWaived:
    case Status::kManual:
      return Standing::kQuiet;
  }
  return Standing::kUnknown;
}

std::optional<EventKind> KindOfStep(Standing from, Standing to) {
  if (to == Standing::kFailing) {
    return from == Standing::kFailing ? EventKind::kViolationChanged
                                      : EventKind::kViolationAppeared;
  }
  if (from == Standing::kFailing) return EventKind::kViolationResolved;
  if (to == Standing::kUnknown) return EventKind::kControlUnknown;
  return std::nullopt;
}

}  // namespace hullmark
