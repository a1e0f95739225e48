// SPDX-License-Identifier: Apache-2.0
#include "agent/enforce/action_log.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include "agent/enforce/action_book.h"
#include "agent/enforce/action_entry.h"
#include "agent/enforce/history.h"
#include "agent/enforce/plan.h"
#include "hullmark/action.h"
#include "hullmark/check.h"
#include "hullmark/ids.h"
#include "hullmark/policy.h"
#include "hullmark/snapshot.h"
#include "tests/unit/temp_tree.h"

namespace hullmark {
namespace {

Action FreezeOf(const std::string& container, std::int64_t ttl) {
  return {.at = Timestamp{1'700'000'000'000'000'000},
          .rule = "r",
          .step = {.kind = ActionKind::kFreeze, .ttl = ttl},
          .dry_run = false,
          .target = {.life = {.id = container, .init = Pid{42}, .started = BootTicks{7}},
                     .name = "we\"b\n\xff",
                     .runtime = Runtime::kDocker,
                     .cgroup_inode = 99,
                     .process = Pid{43},
                     .process_started = BootTicks{8}},
          .control = "CAP-001",
          .severity = Severity::kCritical,
          .evidence = "/proc/43/status: CapEff"};
}

const ActionOutcome kDone = {};

class ActionLogTest : public testing::Test {
 protected:
  ActionLog Open() {
    return ActionLog::Open(tree_.Path("."), Uid{geteuid()},
                           [this] { return LogStamp{.boot_id = boot_, .boot_ms = now_}; })
        .value();
  }

  // Intended, one value changed, done.
  std::uint64_t Freeze(ActionLog& log, const Action& action) {
    const auto turn = log.Begin();
    const auto id = log.Append({.action = action});
    log.Append({.kind = EntryKind::kChange,
                .id = *id,
                .change = {.place = {.directory = "/d", .inode = 5},
                           .file = "cgroup.freeze",
                           .former = "0",
                           .value = "1"}})
        .value();
    log.Append({.kind = EntryKind::kResult, .id = *id, .outcome = kDone}).value();
    return *id;
  }

  TempTree tree_;
  std::string boot_ = "b1";
  std::int64_t now_ = 1'000;
};

TEST_F(ActionLogTest, EveryKindOfLineComesBack) {
  Action action = FreezeOf("c", 5'000);
  action.target.name = "web";
  action.id = 3;
  Action kill = action;
  kill.step = {.kind = ActionKind::kKill, .signal = 2, .grace = 3'000};
  kill.target.cgroup_inode.reset();
  kill.target.process.reset();
  kill.target.process_started = BootTicks{};
  const LogStamp stamp = {.at = Timestamp{-1}, .boot_id = "b", .boot_ms = 77};
  const ActionOutcome failed = {.result = ActionResult::kFailed, .text = "why"};
  const std::vector<ActionEntry> entries = {
      {.stamp = stamp, .id = 3, .action = action},
      {.stamp = stamp, .id = 3, .action = kill},
      {.kind = EntryKind::kChange,
       .stamp = stamp,
       .id = 3,
       .change = {.place = {.directory = "/d", .inode = 5},
                  .file = "io.max",
                  .device = "8:0",
                  .former = "rbps=max wbps=max",
                  .value = "rbps=1 wbps=1"}},
      {.kind = EntryKind::kResult, .stamp = stamp, .id = 3, .outcome = failed},
      {.kind = EntryKind::kUndone, .stamp = stamp, .id = 3, .outcome = failed, .why = "ttl"},
      {.kind = EntryKind::kBreaker, .stamp = stamp, .why = "too much", .dry_run = true},
      {.kind = EntryKind::kBreakerReset, .stamp = stamp},
      {.kind = EntryKind::kFollowUp, .stamp = stamp, .id = 3, .why = "its grace is over"}};
  for (const ActionEntry& entry : entries) {
    ActionEntry expected = entry;
    expected.action.step.next_after = Step{}.next_after;
    const auto read = ReadEntry(EntryLine(entry));
    ASSERT_TRUE(read) << EntryLine(entry) << read.error().message;
    EXPECT_EQ(*read, expected) << EntryLine(entry);
  }
}

TEST_F(ActionLogTest, HostileTextStaysOnItsLine) {
  const std::string line = EntryLine({.id = 1, .action = FreezeOf("c", 1)});
  EXPECT_EQ(line.find('\n'), line.size() - 1);
  EXPECT_TRUE(ReadEntry(line));
}

TEST_F(ActionLogTest, WhatIsNoLineIsRefused) {
  const std::string good = EntryLine({.id = 1, .action = FreezeOf("c", 1)});
  for (const std::string& bad :
       {std::string("{}"), std::string("["), std::string(), good.substr(0, good.size() / 2),
        std::string(R"({"schema":"hullmark.action/2","kind":"breaker_reset","id":0})")}) {
    EXPECT_FALSE(ReadEntry(bad)) << bad;
  }
}

TEST_F(ActionLogTest, AnotherProcessKnowsWhatIsHeld) {
  ActionLog log = Open();
  const std::uint64_t first = Freeze(log, FreezeOf("a", 5'000));
  const std::uint64_t second = Freeze(log, FreezeOf("b", 6'000));
  EXPECT_EQ(first, 1U);
  EXPECT_EQ(second, 2U);
  ActionLog other = Open();
  EXPECT_EQ(other.book().HeldIds(), (std::vector<std::uint64_t>{2, 1}));
  {
    const auto turn = other.Begin();
    other.Append({.kind = EntryKind::kUndone, .id = 1, .outcome = kDone, .why = "asked"}).value();
  }
  EXPECT_EQ(log.book().HeldIds(), (std::vector<std::uint64_t>{2, 1}));
  const auto turn = log.Begin();
  EXPECT_EQ(log.book().HeldIds(), std::vector<std::uint64_t>{2});
  EXPECT_EQ(log.book().actions().at(1).why_undone, "asked");
}

TEST_F(ActionLogTest, TimesAreOver) {
  ActionLog log = Open();
  Freeze(log, FreezeOf("a", 5'000));
  EXPECT_EQ(log.book().Expired("b1", 5'999), std::vector<Undo>{});
  EXPECT_EQ(log.book().Expired("b1", 6'000),
            (std::vector<Undo>{{.id = 1, .why = "its time is over"}}));
  EXPECT_EQ(log.book().Expired("b2", 0),
            (std::vector<Undo>{{.id = 1, .why = "the host was restarted"}}));
}

TEST_F(ActionLogTest, TheHighestStepDecidesForItsLadder) {
  ActionLog log = Open();
  Action throttle = FreezeOf("a", 5'000);
  throttle.step.kind = ActionKind::kThrottle;
  Freeze(log, throttle);
  Action freeze = FreezeOf("a", 20'000);
  freeze.step_number = 1;
  Freeze(log, freeze);
  EXPECT_EQ(log.book().Expired("b1", 10'000), std::vector<Undo>{})
      << "the next step has cancelled the ttl of the first";
  EXPECT_EQ(log.book().Expired("b1", 21'000).size(), 2U);
  EXPECT_EQ(log.book().Expired("b1", 21'000).front().id, 2U);
}

TEST_F(ActionLogTest, ALineThatACrashCutIsCutOff) {
  {
    ActionLog log = Open();
    Freeze(log, FreezeOf("a", 5'000));
  }
  const std::string whole = tree_.Text("actions.jsonl");
  tree_.Write("actions.jsonl", whole + "{\"schema\":\"hullm");
  ActionLog log = Open();
  EXPECT_EQ(tree_.Text("actions.jsonl"), whole);
  EXPECT_EQ(Freeze(log, FreezeOf("b", 1)), 2U);
  EXPECT_EQ(Open().book().actions().size(), 2U);
}

TEST_F(ActionLogTest, DamageIsPassedOver) {
  {
    ActionLog log = Open();
    Freeze(log, FreezeOf("a", 5'000));
  }
  tree_.Write("actions.jsonl", "garbage\n" + tree_.Text("actions.jsonl"));
  const ActionLog log = Open();
  EXPECT_EQ(log.damaged(), 1U);
  EXPECT_EQ(log.book().HeldIds().size(), 1U);
}

TEST_F(ActionLogTest, DamageMayHaveOpenedABreaker) {
  tree_.Write("actions.jsonl", "garbage\n");
  {
    ActionLog log = Open();
    EXPECT_NE(log.book().breaker(false), "");
    EXPECT_NE(log.book().breaker(true), "");
    const auto turn = log.Begin();
    log.Append({.kind = EntryKind::kBreakerReset}).value();
  }
  EXPECT_EQ(Open().book().breaker(false), "") << "somebody has looked";
}

TEST_F(ActionLogTest, AChangeWhoseIntentionIsLostIsHeld) {
  {
    ActionLog log = Open();
    Freeze(log, FreezeOf("a", 5'000));
  }
  std::string text = tree_.Text("actions.jsonl");
  text.replace(0, 5, "xxxxx");
  tree_.Write("actions.jsonl", text);
  ActionLog log = Open();
  EXPECT_EQ(log.damaged(), 1U);
  EXPECT_EQ(log.book().HeldIds(), std::vector<std::uint64_t>{1});
  EXPECT_EQ(log.book().actions().at(1).began.boot_id, "b1");
  EXPECT_EQ(Freeze(log, FreezeOf("b", 1)), 2U);
}

TEST_F(ActionLogTest, ALockIsWaitedForNoLongerThanAsked) {
  ActionLog log = Open();
  Freeze(log, FreezeOf("a", 5'000));
  ActionLog other = Open();
  const auto turn = log.Begin();
  const auto refused = other.Begin(std::chrono::milliseconds(20));
  ASSERT_FALSE(refused);
  EXPECT_TRUE(refused.error().message.ends_with("has locked it and does not let go"));
  ActionLog peeked =
      ActionLog::Peek(tree_.Path("."), Uid{geteuid()}, [] { return LogStamp{}; }).value();
  EXPECT_EQ(peeked.book().HeldIds(), std::vector<std::uint64_t>{1});
  EXPECT_FALSE(peeked.Begin());
}

TEST_F(ActionLogTest, WhatWasAbortedIsNotRemembered) {
  ActionLog log = Open();
  const auto turn = log.Begin();
  const auto id = log.Append({.action = FreezeOf("a", 1)});
  log.Append({.kind = EntryKind::kResult, .id = *id, .outcome = {.result = ActionResult::kAborted}})
      .value();
  History history;
  log.book().Recall("b1", 0, history);
  EXPECT_TRUE(history.enforced.spent.empty());
}

TEST_F(ActionLogTest, SpaceIsReservedAhead) {
  ActionLog log = Open();
  struct stat status = {};
  ASSERT_EQ(stat(tree_.Path("actions.jsonl").c_str(), &status), 0);
  EXPECT_EQ(status.st_size, 0);
  if (status.st_blocks == 0) GTEST_SKIP() << "no fallocate(2) on this file system";
  EXPECT_GE(static_cast<std::uint64_t>(status.st_blocks) * 512, ActionLog::kReserve);
}

TEST_F(ActionLogTest, ALogThatOthersWriteToIsRefused) {
  tree_.Write("actions.jsonl", "");
  chmod(tree_.Path("actions.jsonl").c_str(), 0666);
  const auto log = ActionLog::Open(tree_.Path("."), Uid{geteuid()}, [] { return LogStamp{}; });
  ASSERT_FALSE(log);
  EXPECT_TRUE(log.error().message.ends_with("not trusted: others may write to it"));
}

TEST_F(ActionLogTest, ARestartForgetsNoBudgetAndNoBreaker) {
  {
    ActionLog log = Open();
    Freeze(log, FreezeOf("a", 5'000));
    const auto turn = log.Begin();
    log.Append({.kind = EntryKind::kBreaker, .why = "too much"}).value();
  }
  ActionLog log = Open();
  History history;
  log.book().Recall("b1", 500, history);
  EXPECT_EQ(history.enforced.spent, (std::vector<Ledger::Entry>{{.at = 1'000, .container = "a"}}));
  EXPECT_EQ(history.enforced.breaker, "too much");
  EXPECT_EQ(history.pretended, Ledger{});
  History later;
  log.book().Recall("b1", 1'000, later);
  EXPECT_TRUE(later.enforced.spent.empty());
  {
    const auto turn = log.Begin();
    log.Append({.kind = EntryKind::kBreakerReset}).value();
  }
  EXPECT_EQ(Open().book().breaker(false), "");
  History allowed;
  Open().book().Recall("b1", 500, allowed);
  EXPECT_EQ(allowed.enforced, Ledger{});
}

TEST_F(ActionLogTest, TheLastLinesOfOneThatWasPutAsideAreReadToo) {
  ActionLog log = Open();
  ActionLog other = Open();
  const std::uint64_t id = Freeze(log, FreezeOf("a", 5'000));
  rename(tree_.Path("actions.jsonl").c_str(), tree_.Path("actions.jsonl.1").c_str());
  const auto turn = other.Begin();
  EXPECT_TRUE(turn);
  EXPECT_EQ(other.book().HeldIds(), std::vector<std::uint64_t>{id});
  EXPECT_EQ(tree_.Text("actions.jsonl"), "");
}

TEST_F(ActionLogTest, AFullLogIsPutAside) {
  const std::string reset = EntryLine({.kind = EntryKind::kBreakerReset});
  tree_.Write("actions.jsonl", std::string(ActionLog::kFull, 'x') + "\n" + reset);
  ActionLog log = Open();
  EXPECT_EQ(tree_.Text("actions.jsonl"), "");
  EXPECT_EQ(tree_.Text("actions.jsonl.1").size(), ActionLog::kFull + 1 + reset.size());
  EXPECT_EQ(Freeze(log, FreezeOf("a", 1)), 1U);
}

}  // namespace
}  // namespace hullmark
