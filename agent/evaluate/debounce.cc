// SPDX-License-Identifier: Apache-2.0
#include "agent/evaluate/debounce.h"

#include <optional>
#include <tuple>

#include "agent/evaluate/known_state.h"
#include "agent/evaluate/standing.h"
#include "hullmark/event.h"

namespace hullmark {
namespace {

std::optional<EventKind> Commit(KnownControl& known, const ControlLook& look) {
  const auto kind = KindOfStep(known.standing, look.standing);
  known.standing = look.standing;
  known.severity = look.severity;
  known.scans = 0;
  return kind;
}

}  // namespace

std::optional<EventKind> CountLook(KnownControl& known, const ControlLook& look, int debounce) {
  const bool failing = known.standing == Standing::kFailing;
  known.stale = look.stale;
  known.recent = look.held;
  if (look.held && !failing) return std::nullopt;
  if (!failing && look.standing != Standing::kFailing) known.failure.reset();
  const bool same =
      look.standing == known.standing && (!failing || look.severity == known.severity);
  if (same) {
    known.scans = 0;
    return std::nullopt;
  }
  // A severity that moves on meanwhile does not begin anew: it would never be announced.
  if (known.scans == 0 || known.next != look.standing) {
    known.next = look.standing;
    known.scans = 0;
  }
  if (known.scans < debounce) ++known.scans;
  if ((known.scans < debounce && !look.over) || look.held) return std::nullopt;
  return Commit(known, look);
}

bool Moved(const KnownControl& before, const KnownControl& after) {
  const auto essence = [](const KnownControl& known) {
    return std::tuple(known.standing, known.severity, known.next, known.scans, known.stale,
                      known.recent);
  };
  return essence(before) != essence(after);
}

bool IsSettled(const KnownControl& known) {
  return known.standing == Standing::kQuiet && known.scans == 0;
}

}  // namespace hullmark
