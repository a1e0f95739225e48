// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <list>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/file.h"
#include "agent/enforce/action_book.h"
#include "agent/enforce/action_log.h"
#include "agent/enforce/executor.h"
#include "agent/enforce/limit_change.h"
#include "hullmark/action.h"
#include "hullmark/policy.h"
#include "hullmark/result.h"
#include "tests/unit/enforce/acting.h"
#include "tests/unit/enforce/host_tree.h"

namespace hullmark {
namespace {

// A kill whose first signal the victim does not mind.
class GraceTest : public ExecutorTest {
 protected:
  GraceTest() { patience_ = std::chrono::seconds(10); }

  Action Patient(ActionKind kind) {
    Action action = Of(kind);
    action.step.signal = SIGURG;
    action.step.grace = 3'000;
    return action;
  }

  // What came of it when the grace was over.
  ActionOutcome Follow(Executor& executor) {
    const auto followed = executor.FollowUp(now_ + 3'000);
    return followed ? followed->outcome : ActionOutcome{.text = "nothing"};
  }
};

TEST_F(GraceTest, TheOffendingProcessIsKilledAfterIt) {
  ActionLog log = OpenLog();
  Executor executor = Make(log);
  EXPECT_EQ(executor.Execute(Patient(ActionKind::kKillProcess), now_).result, ActionResult::kDone);
  EXPECT_FALSE(executor.IsGraceOver(now_ + 2'999));
  EXPECT_FALSE(executor.FollowUp(now_ + 2'999));
  EXPECT_TRUE(child_.IsAlive());
  EXPECT_TRUE(executor.IsGraceOver(now_ + 3'000));
  EXPECT_EQ(Follow(executor), ActionOutcome{.text = "killed by SIGKILL"});
  EXPECT_EQ(child_.KilledBy(), SIGKILL);
  EXPECT_EQ(log.book().actions().at(1).outcome->text, "killed by SIGKILL");
  EXPECT_FALSE(executor.IsGraceOver(now_ + 9'000)) << "once";
}

TEST_F(GraceTest, DoubtAtItsEndSparesTheVictim) {
  ActionLog log = OpenLog();
  Executor executor = Make(log);
  executor.Execute(Patient(ActionKind::kKillProcess), now_);
  confirmed_ = Fail(ErrorCode::kVanished, "CAP-001 does not fail any more");
  EXPECT_EQ(Follow(executor),
            (ActionOutcome{.result = ActionResult::kAborted,
                           .text = "SIGKILL does not follow: CAP-001 does not fail any more"}));
  EXPECT_TRUE(child_.IsAlive());
  EXPECT_EQ(log.book().actions().at(1).outcome->result, ActionResult::kAborted);
  EXPECT_TRUE(log.book().actions().at(1).spent) << "a signal was sent";
}

TEST_F(GraceTest, WhoHasEndedIsNotLookedFor) {
  ActionLog log = OpenLog();
  Executor executor = Make(log);
  executor.Execute(Patient(ActionKind::kKillProcess), now_);
  child_.End();
  confirmed_ = Fail(ErrorCode::kVanished, "the container is gone");
  EXPECT_EQ(Follow(executor), ActionOutcome{.text = "it has ended after signal 23"});
}

TEST_F(GraceTest, OthersInTheCgroupOfADeadInitAreNobodys) {
  ActionLog log = OpenLog();
  Executor executor = Make(log);
  executor.Execute(Patient(ActionKind::kKill), now_);
  Child other;
  child_.End();
  tree_.Write(confirmed_->places->own, "cgroup.procs",
              std::to_string(static_cast<int>(other.pid())) + "\n");
  EXPECT_EQ(Follow(executor).result, ActionResult::kAborted);
  EXPECT_TRUE(other.IsAlive());
}

TEST_F(GraceTest, OneAtATimeIsFollowedUp) {
  ActionLog log = OpenLog();
  Executor executor = Make(log);
  Child other;
  Action second = Patient(ActionKind::kKillProcess);
  second.target.process = other.pid();
  second.target.process_started = other.started();
  executor.Execute(Patient(ActionKind::kKillProcess), now_);
  executor.Execute(second, now_);
  EXPECT_EQ(Follow(executor), ActionOutcome{.text = "killed by SIGKILL"});
  EXPECT_TRUE(executor.IsGraceOver(now_ + 3'000)) << "of the second";
  EXPECT_TRUE(other.IsAlive());
  const auto dropped = executor.DropGraces("the breaker is open");
  ASSERT_EQ(dropped.size(), 1U);
  EXPECT_EQ(dropped[0].action.target.process, other.pid());
  EXPECT_EQ(dropped[0].outcome,
            (ActionOutcome{.result = ActionResult::kAborted,
                           .text = "SIGKILL does not follow: the breaker is open"}));
  EXPECT_EQ(Follow(executor).text, "nothing");
  EXPECT_TRUE(other.IsAlive());
}

TEST_F(GraceTest, AnAgentThatEndsSaysThatNothingFollows) {
  ActionLog log = OpenLog();
  Executor executor = Make(log);
  executor.Execute(Patient(ActionKind::kKillProcess), now_);
  EXPECT_EQ(executor.DropGraces("the agent ends").size(), 1U);
  EXPECT_FALSE(executor.IsGraceOver(now_ + 9'000));
  EXPECT_EQ(log.book().actions().at(1).outcome->text, "SIGKILL does not follow: the agent ends");
  EXPECT_TRUE(child_.IsAlive());
}

// A container whose only process is the child, below a v1 freezer that does as it is told.
class FrozenKillTest : public ExecutorTest {
 protected:
  FrozenKillTest() {
    confirmed_ = tree_.Separate();
    freezer_ = *confirmed_->places->freezer;
    tree_.Make("pids/web", {{"cgroup.procs", Pid()}});
  }

  std::string Pid() const { return std::to_string(static_cast<int>(child_.pid())) + "\n"; }
  std::string Freezer() const { return tree_.Text(freezer_, "freezer.state"); }

  Action Now() {
    Action action = Of(ActionKind::kKill);
    action.step.signal = SIGKILL;
    return action;
  }

  CgroupPlace freezer_;
};

TEST_F(FrozenKillTest, ItIsFrozenSignalledAndThawed) {
  ActionLog log = OpenLog();
  std::vector<std::string> states;
  Executor executor = Make(log, [&](std::string_view point) {
    if (point == "noted") states.push_back("noted " + Freezer());
    if (point == "signalled") {
      states.push_back("signalled " + Freezer());
      tree_.Make("pids/web", {{"cgroup.procs", ""}});
    }
  });
  EXPECT_EQ(executor.Execute(Now(), now_), ActionOutcome{.text = "killed by SIGKILL"});
  EXPECT_EQ(states, (Texts{"noted THAWED", "signalled FROZEN"}));
  EXPECT_EQ(Freezer(), "THAWED");
  EXPECT_EQ(child_.KilledBy(), SIGKILL);
  EXPECT_TRUE(log.book().HeldIds().empty());
  EXPECT_EQ(log.book().actions().at(1).why_undone, "the kill is over");
}

TEST_F(FrozenKillTest, WhoDoesNotEndIsNotCalledKilled) {
  ActionLog log = OpenLog();
  Executor executor = Make(log);
  // Its cgroup has it still, as that of a process that waits for the kernel would.
  const ActionOutcome outcome = executor.Execute(Now(), now_);
  EXPECT_EQ(outcome.result, ActionResult::kFailed);
  EXPECT_TRUE(outcome.text.ends_with("have not ended")) << outcome.text;
  EXPECT_EQ(Freezer(), "THAWED");
  EXPECT_TRUE(log.book().HeldIds().empty());
}

TEST_F(FrozenKillTest, ACgroupThatCannotBeReadIsNotEmpty) {
  ActionLog log = OpenLog();
  Executor executor = Make(log, [&](std::string_view point) {
    if (point != "signalled") return;
    tree_.Remove("pids/web/cgroup.procs");
    tree_.MakeDirectory("pids/web/cgroup.procs");  // EISDIR.
  });
  EXPECT_EQ(executor.Execute(Now(), now_).result, ActionResult::kFailed);
}

TEST_F(FrozenKillTest, AFrozenVictimIsThawedToDie) {
  tree_.Write(freezer_, "freezer.state", "FROZEN");
  ActionLog log = OpenLog();
  Executor executor = Make(log, [&](std::string_view point) {
    if (point == "signalled") tree_.Make("pids/web", {{"cgroup.procs", ""}});
  });
  EXPECT_EQ(executor.Execute(Now(), now_).result, ActionResult::kDone);
  EXPECT_EQ(Freezer(), "THAWED");
}

TEST_F(FrozenKillTest, AFreezeOfOursIsOverEvenIfTheKillFails) {
  ActionLog log = OpenLog();
  Executor executor = Make(log);
  EXPECT_EQ(executor.Execute(Of(ActionKind::kFreeze), now_).result, ActionResult::kDone);
  EXPECT_EQ(executor.Execute(Now(), now_).result, ActionResult::kFailed);
  EXPECT_EQ(Freezer(), "THAWED");
  EXPECT_EQ(log.book().actions().at(1).why_undone, "thawed to be killed");
  EXPECT_TRUE(log.book().HeldIds().empty());
}

TEST_F(FrozenKillTest, DepthIsNoHindrance) {
  std::string below = "pids/web";
  for (int depth = 0; depth < 40; ++depth) tree_.MakeDirectory(below += "/a");
  ActionLog log = OpenLog();
  Executor executor = Make(log, [&](std::string_view point) {
    if (point == "signalled") tree_.Make("pids/web", {{"cgroup.procs", ""}});
  });
  EXPECT_EQ(executor.Execute(Now(), now_), ActionOutcome{.text = "killed by SIGKILL"});
}

TEST_F(FrozenKillTest, ManyAreKilledWithFewDescriptors) {
  std::list<Child> others(300);
  std::string pids = Pid();
  for (const Child& one : others) pids += std::to_string(static_cast<int>(one.pid())) + "\n";
  tree_.Make("pids/web", {{"cgroup.procs", pids}});
  ActionLog log = OpenLog();
  Executor executor = Make(log, [&](std::string_view point) {
    if (point == "signalled") tree_.Make("pids/web", {{"cgroup.procs", ""}});
  });
  rlimit before = {};
  getrlimit(RLIMIT_NOFILE, &before);
  const rlimit few = {.rlim_cur = 290, .rlim_max = before.rlim_max};
  setrlimit(RLIMIT_NOFILE, &few);
  const ActionOutcome outcome = executor.Execute(Now(), now_);
  setrlimit(RLIMIT_NOFILE, &before);
  EXPECT_EQ(outcome, ActionOutcome{.text = "killed by SIGKILL"});
  for (Child& one : others) ASSERT_EQ(one.KilledBy(), SIGKILL);
}

TEST_F(ExecutorTest, TheKernelSaysWhetherAV2CgroupIsEmpty) {
  std::string below = "web";
  for (int depth = 0; depth < 140; ++depth) tree_.MakeDirectory(below += "/a");
  tree_.Make("web", {{"cgroup.kill", ""}, {"cgroup.events", "populated 0\nfrozen 0\n"}});
  ActionLog log = OpenLog();
  Executor executor = Make(log);
  Action action = Of(ActionKind::kKill);
  action.step.signal = SIGKILL;
  EXPECT_EQ(executor.Execute(action, now_), ActionOutcome{.text = "killed by cgroup.kill"});
}

// kill -9 of the agent in the midst: nobody stays frozen whom it had frozen to kill.
class DeadKillerTest : public FrozenKillTest, public testing::WithParamInterface<const char*> {};

TEST_P(DeadKillerTest, TheNextOneThaws) {
  const pid_t agent = fork();
  ASSERT_GE(agent, 0);
  if (agent == 0) {
    ActionLog log = OpenLog();
    Executor executor = Make(log, [point_of_death = GetParam()](std::string_view point) {
      if (point == point_of_death) _exit(9);
    });
    executor.Execute(Now(), now_);
    _exit(0);
  }
  int status = 0;
  waitpid(agent, &status, 0);
  ASSERT_EQ(WEXITSTATUS(status), 9) << "it never came there";
  ActionLog log = OpenLog();
  ASSERT_EQ(log.book().actions().size(), 1U);
  EXPECT_TRUE(Make(log).TakeBackAll("the agent has died"));
  EXPECT_EQ(Freezer(), "THAWED");
  EXPECT_TRUE(log.book().HeldIds().empty());
}

INSTANTIATE_TEST_SUITE_P(EveryStep, DeadKillerTest,
                         testing::Values("intended", "held", "confirmed", "noted", "secured",
                                         "applied", "signalled", "thawed", "done"));

TEST_F(ExecutorTest, AZombieIsNotKilled) {
  ActionLog log = OpenLog();
  Executor executor = Make(log);
  Action action = Of(ActionKind::kKillProcess);
  action.step.signal = SIGKILL;
  kill(static_cast<pid_t>(child_.pid()), SIGKILL);
  siginfo_t ended = {};
  waitid(P_PID, static_cast<id_t>(child_.pid()), &ended, WEXITED | WNOWAIT);
  const ActionOutcome outcome = executor.Execute(action, now_);
  EXPECT_EQ(outcome.result, ActionResult::kAborted);
  EXPECT_TRUE(outcome.text.ends_with("it has ended")) << outcome.text;
  EXPECT_FALSE(log.book().actions().at(1).spent);
}

}  // namespace
}  // namespace hullmark
