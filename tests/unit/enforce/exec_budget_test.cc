// SPDX-License-Identifier: Apache-2.0
#include "agent/enforce/exec_budget.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "agent/bpf/exec_ban.h"
#include "agent/enforce/exec_bans.h"
#include "agent/enforce/history.h"
#include "hullmark/action.h"
#include "hullmark/ids.h"
#include "hullmark/policy.h"

namespace hullmark {
namespace {

constexpr std::size_t kContainers = 100;
constexpr std::int64_t kNow = 1'000'000;
constexpr unsigned kKilled = unsigned{kTookTurn} | unsigned{kBanApplied};

Policy ThreeOnTwo() {
  Policy policy;
  policy.mode = EnforceMode::kEnforce;
  policy.budget = {.actions = 3, .per = 600'000, .containers_permille = 20};
  return policy;
}

PlannedBan BanIn(const std::string& container, bool dry_run = false) {
  PlannedBan planned;
  planned.ban.effective = 1;
  planned.action.rule = "r";
  planned.action.step.kind = ActionKind::kKillAtExec;
  planned.action.dry_run = dry_run;
  planned.action.target.life.id = container;
  return planned;
}

BannedExec Exec(unsigned what, int error = 0) {
  BannedExec exec = {};
  exec.what = what;
  exec.tgid = 12;
  exec.start = 70'000'000;
  exec.error = error;
  exec.facts.effective = 1;
  return exec;
}

// What the kernel told of, as long as it is something to tell.
std::vector<TakenAction> Settle(const PlannedBan& planned, const std::vector<BannedExec>& told,
                                History& history, std::int64_t now = kNow) {
  const Policy policy = ThreeOnTwo();
  std::vector<TakenAction> all;
  for (const BannedExec& exec : told) {
    auto taken = TakenOf(planned, exec, policy, kContainers, now, history);
    if (!taken) continue;
    Spend(*taken, policy, now, history);
    all.push_back(std::move(*taken));
  }
  return all;
}

TEST(ExecBudgetTest, AnUnspentBudgetIsAllowed) {
  EXPECT_EQ(AllowanceOf({}, ThreeOnTwo().budget, kContainers, kNow),
            (ExecAllowance{.actions = 3, .containers = 2}));
}

TEST(ExecBudgetTest, AKillSpendsIt) {
  History history;
  const auto taken = Settle(BanIn("c0"), {Exec(kKilled)}, history);
  ASSERT_EQ(taken.size(), 1U);
  EXPECT_EQ(taken[0].outcome.result, ActionResult::kDone);
  EXPECT_EQ(taken[0].outcome.text, "killed before its first instruction");
  EXPECT_EQ(taken[0].action.target.process, Pid{12});
  EXPECT_EQ(taken[0].action.target.process_started, BootTicks{7});
  EXPECT_EQ(AllowanceOf(history.enforced, ThreeOnTwo().budget, kContainers, kNow),
            (ExecAllowance{.actions = 2, .containers = 1}));
  EXPECT_EQ(AllowanceOf(history.enforced, ThreeOnTwo().budget, kContainers, kNow + 600'000),
            (ExecAllowance{.actions = 3, .containers = 1}));
  EXPECT_EQ(history.pretended, Ledger{});
}

TEST(ExecBudgetTest, ADryRunSpendsItsOwn) {
  History history;
  const auto taken = Settle(BanIn("c0", true), {Exec(kKilled)}, history);
  ASSERT_EQ(taken.size(), 1U);
  EXPECT_EQ(taken[0].outcome.text, "would have been killed before its first instruction");
  EXPECT_EQ(history.enforced, Ledger{});
  EXPECT_EQ(history.pretended.spent.size(), 1U);
}

TEST(ExecBudgetTest, WhatIsMoreOpensTheBreakerOnce) {
  History history;
  const auto taken =
      Settle(BanIn("c0"), {Exec(kKilled), Exec(kKilled), Exec(kKilled), Exec(0), Exec(0)}, history);
  ASSERT_EQ(taken.size(), 4U);
  EXPECT_EQ(taken[3].action.step.kind, ActionKind::kNotify);
  EXPECT_EQ(taken[3].outcome.text, "notice given");
  EXPECT_THAT(taken[3].action.evidence,
              testing::StartsWith("not done, since the breaker is open (rule r wanted more than"));
  EXPECT_EQ(history.enforced.breaker, "rule r wanted more than the budget allows");
  EXPECT_EQ(AllowanceOf(history.enforced, ThreeOnTwo().budget, kContainers, kNow), ExecAllowance{});
}

TEST(ExecBudgetTest, ContainersAreCountedToo) {
  History history;
  for (const char* const name : {"c0", "c1"}) Settle(BanIn(name), {Exec(kKilled)}, history);
  EXPECT_EQ(AllowanceOf(history.enforced, ThreeOnTwo().budget, kContainers, kNow),
            (ExecAllowance{.actions = 1, .containers = 0}));
  EXPECT_EQ(history.enforced.breaker, "");
  Settle(BanIn("c2"), {Exec(kTookTurn)}, history);
  EXPECT_NE(history.enforced.breaker, "");
}

// The kernel refused by what it had been allowed; the time of a former action is over meanwhile.
TEST(ExecBudgetTest, ARefusalThatIsOverOpensNothing) {
  History history;
  Settle(BanIn("c0"), {Exec(kKilled), Exec(kKilled), Exec(kKilled)}, history);
  const auto taken = Settle(BanIn("c0"), {Exec(0)}, history, kNow + 600'000);
  ASSERT_EQ(taken.size(), 1U);
  EXPECT_EQ(taken[0].outcome.result, ActionResult::kAborted);
  EXPECT_EQ(history.enforced.breaker, "");
  EXPECT_EQ(history.enforced.spent.size(), 3U);
}

TEST(ExecBudgetTest, ThreeFailuresOpenTheBreaker) {
  History history;
  const auto taken = Settle(BanIn("c0"), {Exec(kKilled, -EPERM), Exec(kKilled, -EPERM)}, history);
  ASSERT_EQ(taken.size(), 2U);
  EXPECT_EQ(taken[0].outcome.result, ActionResult::kFailed);
  EXPECT_EQ(history.enforced.breaker, "");
  Settle(BanIn("c0"), {Exec(kKilled, -EPERM)}, history);
  EXPECT_NE(history.enforced.breaker, "");
}

}  // namespace
}  // namespace hullmark
