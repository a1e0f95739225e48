// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "hullmark/check.h"
#include "hullmark/ids.h"
#include "hullmark/policy.h"
#include "hullmark/snapshot.h"

namespace hullmark {

// One life of a container: a restart gives its id to another one.
struct ContainerLife {
  std::string id{};
  Pid init{};
  BootTicks started{};  // Of its init.

  friend auto operator<=>(const ContainerLife&, const ContainerLife&) = default;
};

// Whom an action is for, as the Snapshot showed it that led to the decision.
struct ActionTarget {
  ContainerLife life{};
  std::string name{}, name_space{}, pod{}, image{};  // "": it has none.
  Runtime runtime = Runtime::kUnknown;
  ContainerClass container_class = ContainerClass::kContainer;
  std::optional<std::uint64_t> cgroup_inode{};  // Of its own cgroup; nullopt: it has none.
  // Of kKillProcess.
  std::optional<Pid> process{};
  BootTicks process_started{};

  friend bool operator==(const ActionTarget&, const ActionTarget&) = default;
};

// What a rule wants to be done about a violation, and why. Owns its texts, which may be hostile.
struct Action {
  std::uint64_t id = 0;  // Given when it is written down, ascending.
  Timestamp at{};        // taken_at of the Snapshot.
  std::string rule{};
  std::size_t step_number = 0;  // From 0.
  Step step{};
  bool dry_run = true;
  ActionTarget target{};
  std::string control{};
  Severity severity = Severity::kInfo;  // Effective.
  std::string evidence{};               // The first line of proof.

  friend bool operator==(const Action&, const Action&) = default;
};

enum class ActionResult : std::uint8_t {
  kDone,     // Of a dry run: it would have been done.
  kAborted,  // What was seen when it was to be done is not what was decided on.
  kFailed,   // The kernel or the disk refused.
};
inline constexpr int kActionResults = 3;

// What came of an action.
struct ActionOutcome {
  ActionResult result = ActionResult::kDone;
  std::string text{};  // For people: what was done, or why not.

  friend bool operator==(const ActionOutcome&, const ActionOutcome&) = default;
};

// An action that was taken or pretended, for whoever is to be told.
struct TakenAction {
  Action action{};
  ActionOutcome outcome{};

  friend bool operator==(const TakenAction&, const TakenAction&) = default;
};

std::string_view NameOf(ActionResult result);  // "done", "aborted", "failed"
std::optional<ActionResult> ActionResultOfName(std::string_view name);

}  // namespace hullmark
