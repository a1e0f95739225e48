// SPDX-License-Identifier: Apache-2.0
// Budgets, and what came of actions.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>
#include <unordered_set>

#include "agent/enforce/history.h"
#include "agent/enforce/plan.h"
#include "hullmark/action.h"
#include "hullmark/policy.h"

namespace hullmark {
namespace {

constexpr std::size_t kFailuresOfBreaker = 3;

// How long an action goes on after it was done: SIGKILL follows any other signal after a grace.
std::int64_t GraceOf(const Step& step, ActionResult result) {
  constexpr std::int32_t kSigKill = 9;
  const bool waits = IsKill(step.kind) && step.signal != kSigKill;
  return waits && result == ActionResult::kDone ? step.grace : 0;
}

// What the plan has spent for an action that nobody has felt.
void GiveBack(const std::string& container, Ledger& ledger) {
  const auto newest = std::ranges::find(ledger.spent.rbegin(), ledger.spent.rend(), container,
                                        &Ledger::Entry::container);
  if (newest != ledger.spent.rend()) ledger.spent.erase(std::next(newest).base());
}

}  // namespace

std::int32_t BudgetLeft(const Ledger& ledger, const Budget& budget, std::int64_t now) {
  const auto spent = std::ranges::count_if(
      ledger.spent, [&](const Ledger::Entry& entry) { return entry.at > now - budget.per; });
  return std::max(0, budget.actions - static_cast<std::int32_t>(spent));
}

bool HasSpent(const Ledger& ledger, const std::string& container) {
  return std::ranges::any_of(
      ledger.spent, [&](const Ledger::Entry& entry) { return entry.container == container; });
}

std::size_t PlacesLeft(const Ledger& ledger, const Budget& budget, std::size_t containers) {
  std::unordered_set<std::string_view> used;
  for (const Ledger::Entry& entry : ledger.spent) used.insert(entry.container);
  const auto share = containers * static_cast<std::size_t>(budget.containers_permille) / 1000;
  const std::size_t most = std::max<std::size_t>(1, share);
  return used.size() < most ? most - used.size() : 0;
}

bool Fits(const Ledger& ledger, const Budget& budget, std::size_t containers,
          const std::string& container, std::int64_t now) {
  if (BudgetLeft(ledger, budget, now) <= 0) return false;
  return HasSpent(ledger, container) || PlacesLeft(ledger, budget, containers) > 0;
}

void RecordFollowUp(const Action& action, const ActionOutcome& outcome, std::int64_t now,
                    History& history) {
  if (outcome.result != ActionResult::kFailed) return;
  Ledger& ledger = history.LedgerOf(action.dry_run);
  ledger.failures.push_back(now);
  if (ledger.failures.size() >= kFailuresOfBreaker && ledger.breaker.empty()) {
    ledger.breaker = "three actions failed, the last one: " + outcome.text;
  }
}

void Record(const Action& action, const ActionOutcome& outcome, const Policy& policy,
            std::int64_t now, History& history) {
  RecordFollowUp(action, outcome, now, history);
  if (outcome.result == ActionResult::kAborted) {
    GiveBack(action.target.life.id, history.LedgerOf(action.dry_run));
  }
  const auto rule = std::ranges::find(policy.rules, action.rule, &Rule::name);
  const auto ladder = history.ladders.find(LadderKey(action.rule, action.target.life));
  if (rule == policy.rules.end() || ladder == history.ladders.end()) return;
  if (action.step_number >= rule->steps.size()) return;
  const Step& step = rule->steps[action.step_number];
  if (action.step.kind != step.kind) return;  // A notice of what the breaker stopped.
  ladder->second.ready = now + GraceOf(step, outcome.result) + step.next_after;
  if (outcome.result != ActionResult::kDone) return;
  // What was killed and is there again is killed again; the budget ends that.
  const bool again = IsKill(step.kind) && action.step_number + 1 == rule->steps.size();
  if (!again) ladder->second.next_step = action.step_number + 1;
}

}  // namespace hullmark
