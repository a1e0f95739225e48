// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "agent/enforce/history.h"
#include "agent/enforce/protection.h"
#include "hullmark/action.h"
#include "hullmark/benchmark.h"
#include "hullmark/ids.h"
#include "hullmark/policy.h"
#include "hullmark/report.h"
#include "hullmark/selector.h"
#include "hullmark/snapshot.h"
#include "hullmark/waiver.h"

namespace hullmark {

// An action that is in force and can be taken back.
struct HeldAction {
  std::uint64_t id = 0;
  std::string rule{};
  ContainerLife life{};
  ActionKind kind = ActionKind::kThrottle;
};

struct Undo {
  std::uint64_t id = 0;
  std::string why{};

  friend bool operator==(const Undo&, const Undo&) = default;
};

// A process that was ended since the look, by number and start.
using EndedLife = std::pair<Pid, BootTicks>;

// What a plan is made of. Times are milliseconds since boot.
struct PlanInput {
  const Snapshot& snapshot;
  const Benchmark& benchmark;
  const Report& report;  // Of both.
  const Policy& policy;
  const Selector& infrastructure;
  Pid self{};
  std::int64_t looked_at = 0, now = 0;
  std::int64_t stale_after = 60'000;  // The age at which a Snapshot opens the breaker.
  std::span<const HeldAction> in_force{};
  std::span<const EndedLife> ended{};  // They fail nothing any more.
};

struct Planned {
  std::vector<Action> actions{};  // In the order in which they are to be taken.
  std::vector<Undo> undo{};       // To be taken back first.
  History history{};              // As it is when all of this is under way.
};

// What is to be done: pure. A rule acts on a container for a control that *fails*, by a process
// that lives where the control is one of processes; never for what is unknown, waived, or over.
// Rules that ban execs are for PlanExecBans. The violation must have lasted for the rule's `for`,
// the agent and the container for the grace. One rule at a time has a container's limits. What has
// been tried counts against the budget, done or failed; what would exceed it opens the breaker, and
// then rules only give notice. What stays unknown for a while neither furthers a ladder nor ends
// it; a ladder that has something in force stays.
Planned Plan(const PlanInput& input, History history);

// What came of an action of a plan. What was aborted counts for no budget. Three failures within
// the budget's period open the breaker. The time to the next step begins when a kill's grace ends.
void Record(const Action& action, const ActionOutcome& outcome, const Policy& policy,
            std::int64_t now, History& history);

// The same of what followed an action that is recorded.
void RecordFollowUp(const Action& action, const ActionOutcome& outcome, std::int64_t now,
                    History& history);

// nullopt: its init is not known, so nobody could tell it from the next one.
std::optional<ContainerLife> LifeOf(const Snapshot& snapshot, const Container& container);

// A container as an action remembers it.
ActionTarget TargetOf(const Snapshot& snapshot, const Container& container, ContainerLife life);

// Whether a rule is about a control.
bool GoesBy(const Rule& rule, const Control& control);

// Whether a rule acts upon containers like this one. Claims of every trust are believed where they
// put somebody under a rule, and root's alone where they leave somebody out.
bool IsMeant(const Rule& rule, const Snapshot& snapshot, const Container& container);

// The finding of a control in a container's report if it fails, by a living process where it is a
// control of processes; nullptr if not.
const Finding* LivingFail(const PlanInput& input, const ContainerReport& container,
                          const Control& control);

// Whether a finding of a control there would be waived.
bool IsWaived(const Control& control, const PlanInput& input, const Container& container,
              std::span<const Waiver> waivers);

// Whether the agent or the container is too young to be acted upon.
bool IsWithinGrace(const PlanInput& input, const History& history, const ContainerLife& life);

// Whether an action on a container was tried within the budget's period.
bool HasSpent(const Ledger& ledger, const std::string& container);

// The actions that the budget leaves.
std::int32_t BudgetLeft(const Ledger& ledger, const Budget& budget, std::int64_t now);

// The containers that it leaves, of so many on the host, besides those that it was spent on.
std::size_t PlacesLeft(const Ledger& ledger, const Budget& budget, std::size_t containers);

// Whether it leaves an action on a container.
bool Fits(const Ledger& ledger, const Budget& budget, std::size_t containers,
          const std::string& container, std::int64_t now);

}  // namespace hullmark
