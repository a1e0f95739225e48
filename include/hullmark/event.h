// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "hullmark/action.h"
#include "hullmark/check.h"
#include "hullmark/ids.h"
#include "hullmark/policy.h"
#include "hullmark/report.h"
#include "hullmark/snapshot.h"

namespace hullmark {

enum class EventKind : std::uint8_t {
  kContainerAppeared,
  kContainerGone,
  kViolationAppeared,
  kViolationResolved,
  kViolationChanged,  // Another effective severity.
  kControlUnknown,    // It was known before.
  kGradeChanged,
  kAction,  // A rule of the site's policy acted upon a container, or would have.
};
inline constexpr int kEventKinds = 8;
inline constexpr int kChangeKinds = 7;  // Those before kAction: what two looks can show.

// What was done.
struct EventAction {
  std::string rule{};
  ActionKind kind = ActionKind::kNotify;
  bool dry_run = true;
  ActionOutcome outcome{};

  friend bool operator==(const EventAction&, const EventAction&) = default;
};

// Something changed between two Reports. Owns its texts: it outlives both.
struct Event {
  std::uint64_t id = 0;  // Ascending without gaps over the life of a state directory.
  Timestamp at{};        // taken_at of the Snapshot that showed it.
  EventKind kind = EventKind::kContainerAppeared;
  std::string container_id{}, name{};  // "" for the host.
  std::string name_space{}, pod{}, image{};
  Runtime runtime = Runtime::kUnknown;
  ContainerClass container_class = ContainerClass::kContainer;
  std::string control{}, title{};                // Of a violation or an unknown control.
  std::optional<Severity> severity{};            // Effective; of a resolved violation
                                                 // the one that it had.
  std::optional<Severity> former_severity{};     // Of a changed violation.
  std::optional<Grade> grade{}, former_grade{};  // nullopt: none (provisional).
  MilliPoints exposure = 0;                      // Of the container, now; gone: 0.
  std::optional<EventAction> action{};  // Of kAction; control, severity and evidence say why.
  std::string evidence{};  // The first line of proof, of a resolved violation the last one.
};

// The event that tells of an action.
Event EventOf(const Action& action, const ActionOutcome& outcome, Timestamp at);

std::string_view NameOf(EventKind kind);  // "violation_appeared"

}  // namespace hullmark
