// SPDX-License-Identifier: Apache-2.0
#include "agent/enforce/rollback.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "agent/base/file.h"
#include "agent/enforce/action_entry.h"
#include "agent/enforce/action_log.h"
#include "agent/enforce/executor.h"
#include "agent/enforce/limit_change.h"
#include "agent/enforce/recheck.h"
#include "agent/enforce/unit_limits.h"
#include "hullmark/action.h"
#include "hullmark/policy.h"
#include "hullmark/result.h"
#include "tests/unit/enforce/acting.h"
#include "tests/unit/enforce/host_tree.h"

namespace hullmark {
namespace {

TEST_F(ExecutorTest, WhatSomebodyElseHasSetSinceStays) {
  ActionLog log = OpenLog();
  Executor executor = Make(log);
  executor.Execute(Of(ActionKind::kThrottle), now_);
  tree_.Write(confirmed_->places->own, "pids.max", "77");
  EXPECT_TRUE(executor.TakeBackAll("asked"));
  EXPECT_EQ(Limits(), (Texts{"max 100000", "77", "0"}));
}

// Two throttles of one container, the second one tighter.
class StackTest : public ExecutorTest {
 protected:
  void ThrottleTwice(Executor& executor) {
    Action action = Of(ActionKind::kThrottle);
    action.step.ttl.reset();
    EXPECT_EQ(executor.Execute(action, now_).result, ActionResult::kDone);
    action.rule = "other";
    action.step.throttle = {.cpu_permille = 50, .pids = PidsCap{.count = 3}};
    EXPECT_EQ(executor.Execute(action, now_).result, ActionResult::kDone);
    EXPECT_EQ(Limits(), (Texts{"5000 100000", "3", "0"}));
  }
};

TEST_F(StackTest, TheYoungerIsTakenBackFirst) {
  ActionLog log = OpenLog();
  Executor executor = Make(log);
  ThrottleTwice(executor);
  executor.TakeBack(2, "asked");
  EXPECT_EQ(Limits(), (Texts{"10000 100000", "5", "0"})) << "the first is in force";
  executor.TakeBack(1, "asked");
  EXPECT_EQ(Limits(), untouched_);
}

TEST_F(StackTest, TheOlderIsTakenBackFirst) {
  ActionLog log = OpenLog();
  Executor executor = Make(log);
  ThrottleTwice(executor);
  EXPECT_EQ(executor.TakeBack(1, "asked").text,
            "pids.max stays: a younger action has set it to 3; "
            "cpu.max stays: a younger action has set it to 5000 100000");
  EXPECT_EQ(Limits(), (Texts{"5000 100000", "3", "0"})) << "the second is in force";
  EXPECT_EQ(log.book().HeldIds(), std::vector<std::uint64_t>{2});
  ActionLog later = OpenLog();  // An agent that knows of it by the log alone.
  EXPECT_TRUE(Make(later).TakeBackAll("asked"));
  EXPECT_EQ(Limits(), untouched_);
}

TEST_F(StackTest, WhatCannotBeWrittenDownIsKnownAndWrittenLater) {
  ActionLog log = OpenLog();
  Executor executor = Make(log);
  ThrottleTwice(executor);
  rlimit before = {};
  getrlimit(RLIMIT_FSIZE, &before);
  // The log is full; the limits are smaller files.
  const rlimit full = {.rlim_cur = state_.Text("actions.jsonl").size(),
                       .rlim_max = before.rlim_max};
  signal(SIGXFSZ, SIG_IGN);
  setrlimit(RLIMIT_FSIZE, &full);
  executor.TakeBack(1, "asked");
  const ActionOutcome second = executor.TakeBack(2, "asked");
  setrlimit(RLIMIT_FSIZE, &before);
  EXPECT_TRUE(second.text.ends_with("(which could not be written down)")) << second.text;
  EXPECT_EQ(Limits(), untouched_) << "the second does not stand upon the first any more";
  EXPECT_EQ(OpenLog().book().HeldIds(), (std::vector<std::uint64_t>{2, 1}));
  executor.Tend("b", now_);
  EXPECT_TRUE(OpenLog().book().HeldIds().empty());
}

TEST_F(StackTest, TheOlderIsNotDefendedAgainstTheYounger) {
  ActionLog log = OpenLog();
  Executor executor = Make(log);
  ThrottleTwice(executor);
  for (std::int64_t at = now_; at < now_ + 100'000; at += 1'000) executor.Tend("b", at);
  EXPECT_EQ(Limits(), (Texts{"5000 100000", "3", "0"}));
  EXPECT_EQ(log.book().actions().at(1).outcome->result, ActionResult::kDone);
}

TEST_F(StackTest, WhatTheSiteHasSetBetweenThemComesBack) {
  ActionLog log = OpenLog();
  Executor executor = Make(log);
  Action action = Of(ActionKind::kThrottle);
  executor.Execute(action, now_);
  tree_.Write(confirmed_->places->own, "pids.max", "4");
  action.step.throttle = {.pids = PidsCap{.count = 3}};
  executor.Execute(action, now_);
  EXPECT_TRUE(executor.TakeBackAll("asked"));
  EXPECT_EQ(Limits(), (Texts{"max 100000", "4", "0"}));
}

// The same in a scope of a systemd that has something to say at times.
class UnitStackTest : public ExecutorTest {
 protected:
  Executor MakeWithUnits(ActionLog& log) {
    return Executor({.log = log,
                     .proc = OpenDirectory(-100, "/proc").value(),
                     .look = [this](const Action&) { return confirmed_; },
                     .units = {.get = [this](const std::string&) -> Result<UnitLimits::Unit> {
                                 if (!answers_) return Fail(ErrorCode::kIo, "no answer");
                                 return UnitLimits::Unit{.cgroup = PathInMount(place_.directory),
                                                         .properties = {{"TasksMax", tasks_}}};
                               },
                               .set = [this](const std::string&, const std::string&,
                                             std::uint64_t value) -> Result<void> {
                                 if (!answers_) return Fail(ErrorCode::kIo, "no answer");
                                 if (value == 0) return Fail(ErrorCode::kIo, "out of range");
                                 tasks_ = value;
                                 tree_.Write(place_, "pids.max", std::to_string(value));
                                 return {};
                               }},
                     .is_place = IsPlain});
  }

  // Of two throttles, with systemd's answer to each; taken back in this order.
  void Run(bool first_answers, bool second_answers, const std::vector<std::uint64_t>& order) {
    ActionLog log = OpenLog();
    Executor executor = MakeWithUnits(log);
    Action action = Of(ActionKind::kThrottle);
    for (const auto& [count, answers] :
         {std::pair(5U, first_answers), std::pair(3U, second_answers)}) {
      answers_ = answers;
      action.step.throttle = {.pids = PidsCap{.count = count}};
      EXPECT_EQ(executor.Execute(action, now_).result, ActionResult::kDone);
      EXPECT_EQ(tree_.Text(place_, "pids.max"), std::to_string(count));
    }
    answers_ = true;
    const std::uint64_t last = log.book().last_id();
    for (const std::uint64_t nth : order) {
      EXPECT_EQ(executor.TakeBack(last - 2 + nth, "asked").result, ActionResult::kDone);
    }
    EXPECT_EQ(tree_.Text(place_, "pids.max"), "100");
    EXPECT_EQ(tasks_, 100U);
    EXPECT_TRUE(log.book().HeldIds().empty());
  }

  CgroupPlace place_ = tree_.Make("docker-1.scope", {{"pids.max", "100\n"}});
  std::uint64_t tasks_ = 100;
  bool answers_ = true;
};

TEST_F(UnitStackTest, WhatSystemdHasHeardOfIsTakenBackInAnyOrder) {
  confirmed_->places->pids = ContainerPlaces::Place{.place = place_};
  for (const bool first : {true, false}) {
    for (const bool second : {true, false}) {
      SCOPED_TRACE(std::to_string(first) + " " + std::to_string(second));
      Run(first, second, {2, 1});
      Run(first, second, {1, 2});
    }
  }
}

TEST_F(ExecutorTest, WhatTheKernelRoundsIsOursStill) {
  confirmed_ = tree_.Unified();
  ActionLog log = OpenLog();
  Executor executor = Make(log);
  Action action = Of(ActionKind::kThrottle);
  action.step.throttle = {.memory_high_permille = 800};
  executor.Execute(action, now_);
  const CgroupPlace& place = confirmed_->places->own;
  EXPECT_EQ(tree_.Text(place, "memory.high"), "83886080");
  tree_.Write(place, "memory.high", "83886081");
  EXPECT_TRUE(executor.TakeBackAll("asked"));
  EXPECT_EQ(tree_.Text(place, "memory.high"), "max");
}

// What a log may say that no agent has done.
class VoidTest : public ExecutorTest {
 protected:
  std::string TakeBack(const LimitChange& change, bool (*is_place)(const Fd&) = IsPlain) {
    ActionLog log = OpenLog();
    const auto turn = log.Begin();
    const auto id = log.Append({.action = Of(ActionKind::kThrottle)});
    log.Append({.kind = EntryKind::kChange, .id = *id, .change = change}).value();
    boot_ = boot_now_;
    Executor executor({.log = log, .is_place = is_place});
    const ActionOutcome outcome = executor.TakeBack(*id, "asked");
    EXPECT_TRUE(log.book().HeldIds().empty()) << "it is not tried again and again";
    return outcome.text;
  }

  LimitChange change_{.place = confirmed_->places->own,
                      .file = "pids.max",
                      .former = "9",
                      .value = "max"};  // Which it has.
  std::string boot_now_ = boot_;
};

TEST_F(VoidTest, AChangeIsRestored) { EXPECT_EQ(TakeBack(change_), "pids.max is 9 again"); }

TEST_F(VoidTest, AnotherFileIsNone) {
  change_.file = "pids.current";
  change_.value = "12";
  EXPECT_EQ(TakeBack(change_), "void: pids.current is nothing that is ever changed");
  change_.file = "../web/pids.max";
  EXPECT_EQ(TakeBack(change_), "void: ../web/pids.max is nothing that is ever changed");
  change_.file = "io.max";
  EXPECT_EQ(TakeBack(change_), "void: io.max is nothing that is ever changed");
  EXPECT_EQ(Limits(), untouched_);
}

TEST_F(VoidTest, APlainDirectoryIsNoCgroup) {
  EXPECT_EQ(TakeBack(change_, IsInCgroupfs), "void: " + change_.place.directory + " is no cgroup");
  EXPECT_EQ(Limits(), untouched_);
}

TEST_F(VoidTest, AnotherDirectoryOfTheNameIsAnother) {
  ++change_.place.inode;
  EXPECT_EQ(TakeBack(change_), "its cgroup is gone");
  EXPECT_EQ(Limits(), untouched_);
}

TEST_F(VoidTest, ARestartOfTheHostHasRestoredAll) {
  boot_now_ = "later";
  EXPECT_EQ(TakeBack(change_), "void: the host was restarted since");
  EXPECT_EQ(Limits(), untouched_);
}

TEST_F(ExecutorTest, NothingIsChangedThatIsNoCgroup) {
  ActionLog log = OpenLog();
  Executor executor({.log = log,
                     .proc = OpenDirectory(-100, "/proc").value(),
                     .look = [this](const Action&) { return confirmed_; }});
  EXPECT_EQ(executor.Execute(Of(ActionKind::kFreeze), now_).result, ActionResult::kFailed);
  EXPECT_EQ(executor.Execute(Of(ActionKind::kThrottle), now_).result, ActionResult::kFailed);
  EXPECT_EQ(Limits(), untouched_);
}

}  // namespace
}  // namespace hullmark
