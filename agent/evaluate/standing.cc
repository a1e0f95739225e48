// SPDX-License-Identifier: Apache-2.0
#include "agent/evaluate/standing.h"

#include <algorithm>
#include <optional>
#include <span>

#include "agent/evaluate/known_state.h"
#include "hullmark/event.h"
#include "hullmark/report.h"
#include "hullmark/snapshot.h"

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

bool IsOver(const Report& report, const Finding& finding, std::span<const EndedProcess> ended) {
  for (auto i = finding.evidence_begin; i < finding.evidence_end; ++i) {
    const auto pid = report.evidence[i].pid;
    const auto is_meant = [&](const EndedProcess& one) { return one.process.pid == pid; };
    if (std::ranges::any_of(ended, is_meant)) return true;
  }
  return false;
}

}  // namespace hullmark
