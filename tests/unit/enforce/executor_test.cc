// SPDX-License-Identifier: Apache-2.0
#include "agent/enforce/executor.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/base/file.h"
#include "agent/enforce/action_entry.h"
#include "agent/enforce/action_log.h"
#include "agent/enforce/limit_change.h"
#include "hullmark/action.h"
#include "hullmark/ids.h"
#include "hullmark/policy.h"
#include "hullmark/result.h"
#include "tests/unit/enforce/acting.h"
#include "tests/unit/enforce/host_tree.h"

namespace hullmark {
namespace {

TEST_F(ExecutorTest, ADryRunWritesDownAndDoesNothing) {
  ActionLog log = OpenLog();
  Action action = Of(ActionKind::kThrottle);
  action.dry_run = true;
  Executor executor({.log = log, .proc = OpenDirectory(-100, "/proc").value(), .look = {}});
  EXPECT_EQ(executor.Execute(action, now_).result, ActionResult::kDone);
  EXPECT_EQ(Limits(), untouched_);
  EXPECT_EQ(log.book().actions().at(1).outcome->text, "would have been done");
}

TEST_F(ExecutorTest, AThrottleIsTakenBackByteForByte) {
  ActionLog log = OpenLog();
  Executor executor = Make(log);
  const ActionOutcome outcome = executor.Execute(Of(ActionKind::kThrottle), now_);
  EXPECT_EQ(outcome.result, ActionResult::kDone) << outcome.text;
  EXPECT_EQ(Limits(), (Texts{"10000 100000", "5", "0"}));
  EXPECT_TRUE(executor.TakeBackAll("asked"));
  EXPECT_EQ(Limits(), untouched_);
  EXPECT_EQ(log.book().HeldIds(), std::vector<std::uint64_t>{});
}

TEST_F(ExecutorTest, AFreezeEndsWithItsTime) {
  ActionLog log = OpenLog();
  Executor executor = Make(log);
  EXPECT_EQ(executor.Execute(Of(ActionKind::kFreeze), now_).result, ActionResult::kDone);
  EXPECT_EQ(Limits()[2], "1");
  executor.Tend("b", now_ + 4'999);
  EXPECT_EQ(Limits()[2], "1");
  executor.Tend("b", now_ + 5'000);
  EXPECT_EQ(Limits(), untouched_);
  EXPECT_EQ(log.book().actions().at(1).why_undone, "its time is over");
}

TEST_F(ExecutorTest, AFreezerThatHangsIsThawed) {
  confirmed_ = tree_.Separate();  // A file does not become FROZEN by itself, but this one does:
  tree_.Write(*confirmed_->places->freezer, "freezer.state", "THAWED");
  ActionLog log = OpenLog();
  const CgroupPlace freezer = *confirmed_->places->freezer;
  Executor executor = Make(log, [&](std::string_view point) {
    if (point == "applied") tree_.Write(freezer, "freezer.state", "FREEZING");
  });
  const ActionOutcome outcome = executor.Execute(Of(ActionKind::kFreeze), now_);
  EXPECT_EQ(outcome.result, ActionResult::kFailed);
  EXPECT_TRUE(outcome.text.ends_with("it does not freeze in time")) << outcome.text;
  EXPECT_EQ(tree_.Text(freezer, "freezer.state"), "THAWED");
}

TEST_F(ExecutorTest, WhatSomebodyElseHasFrozenIsHis) {
  tree_.Write(confirmed_->places->own, "cgroup.freeze", "1");
  ActionLog log = OpenLog();
  Executor executor = Make(log);
  EXPECT_EQ(executor.Execute(Of(ActionKind::kFreeze), now_).result, ActionResult::kAborted);
  EXPECT_TRUE(executor.TakeBackAll("asked"));
  EXPECT_EQ(Limits()[2], "1");
}

TEST_F(ExecutorTest, ANumberThatWasGivenAwayIsNobodyWeMean) {
  ActionLog log = OpenLog();
  Executor executor = Make(log);
  Action action = Of(ActionKind::kKillProcess);
  action.step.signal = SIGKILL;
  action.target.process_started = BootTicks{std::to_underlying(child_.started()) + 1};
  const ActionOutcome outcome = executor.Execute(action, now_);
  EXPECT_EQ(outcome.result, ActionResult::kAborted);
  EXPECT_TRUE(outcome.text.ends_with("it is another process by now")) << outcome.text;
  EXPECT_TRUE(child_.IsAlive());
}

TEST_F(ExecutorTest, WhatEndsDuringTheLookIsNotActedUpon) {
  ActionLog log = OpenLog();
  Executor executor(
      {.log = log, .proc = OpenDirectory(-100, "/proc").value(), .look = [this](const Action&) {
         child_.End();
         return confirmed_;
       }});
  for (const ActionKind kind : {ActionKind::kThrottle, ActionKind::kFreeze, ActionKind::kKill}) {
    EXPECT_EQ(executor.Execute(Of(kind), now_).result, ActionResult::kAborted);
    break;  // Its start time can be read once only.
  }
  EXPECT_EQ(Limits(), untouched_);
}

TEST_F(ExecutorTest, HooksAreCalledAfterAFreshLook) {
  ActionLog log = OpenLog();
  Executor executor = Make(log);
  Action action = Of(ActionKind::kHook);
  action.step.hook = "fix";
  EXPECT_EQ(executor.Execute(action, now_), ActionOutcome{.text = "hook fix was called"});
  EXPECT_EQ(called_, std::vector<std::string>{"fix for c"});
  EXPECT_EQ(log.book().actions().rbegin()->second.action.step.hook, "fix");
  action.step.hook = "gone";
  EXPECT_EQ(executor.Execute(action, now_).result, ActionResult::kFailed);
  called_.clear();
  action.dry_run = true;
  executor.Execute(action, now_);
  action.dry_run = false;
  confirmed_ = Fail(ErrorCode::kVanished, "CAP-001 does not fail any more");
  EXPECT_EQ(executor.Execute(action, now_).result, ActionResult::kAborted);
  EXPECT_EQ(called_, std::vector<std::string>{});
}

TEST_F(ExecutorTest, DoubtAbortsAndSaysSo) {
  confirmed_ = Fail(ErrorCode::kVanished, "CAP-001 does not fail any more");
  const auto kept = tree_.Unified();
  ActionLog log = OpenLog();
  Executor executor = Make(log);
  for (const ActionKind kind :
       {ActionKind::kThrottle, ActionKind::kFreeze, ActionKind::kKillProcess, ActionKind::kKill}) {
    EXPECT_EQ(executor.Execute(Of(kind), now_),
              (ActionOutcome{.result = ActionResult::kAborted,
                             .text = "CAP-001 does not fail any more"}));
  }
  EXPECT_TRUE(child_.IsAlive());
}

TEST_F(ExecutorTest, WhatCannotBeWrittenDownIsNotDone) {
  ActionLog log = OpenLog();
  Executor executor = Make(log);
  const rlimit none = {.rlim_cur = 0, .rlim_max = RLIM_INFINITY};
  rlimit before = {};
  getrlimit(RLIMIT_FSIZE, &before);
  signal(SIGXFSZ, SIG_IGN);
  setrlimit(RLIMIT_FSIZE, &none);
  const ActionOutcome outcome = executor.Execute(Of(ActionKind::kThrottle), now_);
  setrlimit(RLIMIT_FSIZE, &before);
  EXPECT_EQ(outcome.result, ActionResult::kFailed);
  EXPECT_TRUE(outcome.text.starts_with("not done, it could not be written down: "));
  EXPECT_EQ(Limits(), untouched_);
}

TEST_F(ExecutorTest, AThrottleIsDefendedAndGivenUpAtLast) {
  ActionLog log = OpenLog();
  Executor executor = Make(log);
  Action action = Of(ActionKind::kThrottle);
  action.step.ttl.reset();
  executor.Execute(action, now_);
  int defended = 0;
  for (std::int64_t at = now_; at < now_ + 100'000; at += 1'000) {
    tree_.Write(confirmed_->places->own, "pids.max", "max");
    executor.Tend("b", at);
    if (Limits()[1] == "5") ++defended;
  }
  EXPECT_EQ(defended, 4);
  EXPECT_EQ(log.book().actions().at(1).outcome->text,
            "given up: somebody else sets its limits again and again");
}

TEST_F(ExecutorTest, WhatIsHeldElsewhereIsLetGoOf) {
  ActionLog log = OpenLog();
  std::vector<std::string> said;
  Executor executor(
      {.log = log,
       .proc = OpenDirectory(-100, "/proc").value(),
       .look = [this](const Action&) { return confirmed_; },
       .hold =
           [&](std::uint64_t id, const Fd&, const LimitChange& change) {
             said.push_back("hold " + std::to_string(id) + " " + change.file + " " +
                            tree_.Text(change.place, change.file));
             return Result<void>{};
           },
       .let_go = [&](std::uint64_t id) { said.push_back("go " + std::to_string(id)); },
       .is_place = IsPlain});
  executor.Execute(Of(ActionKind::kFreeze), now_);
  EXPECT_EQ(said, Texts{"hold 1 cgroup.freeze 0"}) << "before it is written";
  {
    ActionLog other = OpenLog();
    Make(other).TakeBackAll("by hand");
  }
  executor.Tend("b", now_ + 1);
  EXPECT_EQ(said.back(), "go 1");
}

// Where the agent may die, and what it leaves is taken back by whoever comes next.
class CrashTest : public ExecutorTest,
                  public testing::WithParamInterface<std::pair<ActionKind, const char*>> {};

TEST_P(CrashTest, TheNextOneTakesItBack) {
  const auto& [kind, where] = GetParam();
  const pid_t agent = fork();
  ASSERT_GE(agent, 0);
  if (agent == 0) {
    ActionLog log = OpenLog();
    Executor executor = Make(log, [point_of_death = where](std::string_view point) {
      if (point == point_of_death) _exit(9);
    });
    executor.Execute(Of(kind), now_);
    executor.TakeBackAll("asked");
    _exit(0);
  }
  int status = 0;
  waitpid(agent, &status, 0);
  ASSERT_TRUE(WIFEXITED(status));
  ASSERT_EQ(WEXITSTATUS(status), 9) << "it never came there";
  ActionLog log = OpenLog();
  ASSERT_EQ(log.book().actions().size(), 1U) << "the log knows of it";
  EXPECT_TRUE(Make(log).TakeBackAll("the agent has died"));
  EXPECT_EQ(Limits(), untouched_);
  EXPECT_TRUE(log.book().HeldIds().empty());
}

std::vector<std::pair<ActionKind, const char*>> Matrix() {
  std::vector<std::pair<ActionKind, const char*>> all;
  for (const ActionKind kind : {ActionKind::kThrottle, ActionKind::kFreeze}) {
    for (const char* const where :
         {"intended", "held", "confirmed", "noted", "secured", "applied", "done", "restored"}) {
      all.emplace_back(kind, where);
    }
  }
  return all;
}

INSTANTIATE_TEST_SUITE_P(EveryStep, CrashTest, testing::ValuesIn(Matrix()), [](const auto& each) {
  return std::string(NameOf(each.param.first)) + "_" + each.param.second;
});

}  // namespace
}  // namespace hullmark
