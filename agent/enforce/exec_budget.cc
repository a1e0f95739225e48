// SPDX-License-Identifier: Apache-2.0
#include "agent/enforce/exec_budget.h"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>

#include "agent/bpf/exec_ban.h"
#include "agent/enforce/exec_bans.h"
#include "agent/enforce/history.h"
#include "agent/enforce/plan.h"
#include "hullmark/action.h"
#include "hullmark/ids.h"
#include "hullmark/policy.h"

namespace hullmark {
namespace {

constexpr std::uint64_t kNanosecondsPerTick = 10'000'000;

std::string WhyOpened(const Action& action) {
  return "rule " + action.rule + " wanted more than the budget allows";
}

}  // namespace

ExecAllowance AllowanceOf(const Ledger& ledger, const Budget& budget, std::size_t containers,
                          std::int64_t now) {
  if (!ledger.breaker.empty()) return {};
  return {.actions = static_cast<std::uint64_t>(BudgetLeft(ledger, budget, now)),
          .containers = PlacesLeft(ledger, budget, containers)};
}

std::optional<TakenAction> TakenOf(const PlannedBan& planned, const BannedExec& exec,
                                   const Policy& policy, std::size_t containers, std::int64_t now,
                                   const History& history) {
  TakenAction taken{.action = planned.action};
  Action& action = taken.action;
  action.target.process = Pid{exec.tgid};
  action.target.process_started = BootTicks{exec.start / kNanosecondsPerTick};
  action.evidence = ProofOf(planned.ban, exec);
  if ((exec.what & unsigned{kBanApplied}) == 0) {
    const Ledger& ledger = history.LedgerOf(action.dry_run);
    if (!ledger.breaker.empty()) return std::nullopt;
    if (Fits(ledger, policy.budget, containers, action.target.life.id, now)) {
      taken.outcome = {.result = ActionResult::kAborted,
                       .text = "let live, since the budget was spent when it executed"};
      return taken;
    }
    action.evidence =
        "not done, since the breaker is open (" + WhyOpened(action) + "), for " + action.evidence;
    action.step = {.kind = ActionKind::kNotify};
    taken.outcome.text = action.dry_run ? "would have been done" : "notice given";
    return taken;
  }
  taken.outcome.text = action.dry_run ? "would have been killed before its first instruction"
                                      : "killed before its first instruction";
  if (exec.error != 0) {
    taken.outcome = {.result = ActionResult::kFailed,
                     .text = "bpf_send_signal: " + std::string(std::strerror(-exec.error))};
  }
  return taken;
}

void Spend(const TakenAction& taken, const Policy& policy, std::int64_t now, History& history) {
  const Action& action = taken.action;
  Ledger& ledger = history.LedgerOf(action.dry_run);
  if (taken.outcome.result == ActionResult::kAborted) return;
  if (action.step.kind == ActionKind::kNotify) {
    ledger.breaker = WhyOpened(action);
    return;
  }
  ledger.spent.push_back({.at = now, .container = action.target.life.id});
  Record(action, taken.outcome, policy, now, history);
}

}  // namespace hullmark
