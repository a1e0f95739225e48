// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon/exec_ledger.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "agent/bpf/task_event.h"
#include "agent/collect/event_facts.h"
#include "agent/evaluate/evaluate.h"
#include "hullmark/benchmark.h"
#include "hullmark/check.h"
#include "hullmark/facts.h"
#include "hullmark/ids.h"
#include "hullmark/report.h"
#include "hullmark/snapshot.h"
#include "tests/unit/daemon/watched_world.h"

namespace hullmark {
namespace {

class Ledger : public testing::Test {
 protected:
  Ledger() { Show(HostWithAContainer()); }
  void Show(Snapshot snapshot) {
    const Report report = Evaluate(snapshot, benchmark_, {});
    picture_ = std::make_unique<WatchPicture>(std::move(snapshot), benchmark_, report);
    ledger_.Show(picture_.get());
  }

  Benchmark benchmark_ = NobodyIsAdmin();
  std::unique_ptr<WatchPicture> picture_;
  ExecLedger ledger_;
};

TEST_F(Ledger, JudgesWhatExecutesInAContainer) {
  const EventVerdict good = ledger_.Take(Told(kTaskExecuted, kShell, kInit));
  EXPECT_TRUE(good.judged);
  EXPECT_EQ(good.container, 0U);
  EXPECT_TRUE(good.news.empty());
  const EventVerdict bad = ledger_.Take(Told(kTaskExecuted, kShell, kInit, kAdmin));
  ASSERT_EQ(bad.news.size(), 1U);
  EXPECT_EQ(bad.news[0].severity, Severity::kHigh);
  EXPECT_FALSE(bad.unplaced);
}

TEST_F(Ledger, WhatTheContainerFailsAlreadyIsNoNews) {
  Snapshot host = HostWithAContainer();
  host.processes[1].leader.status->effective = CapSet(kAdmin);
  Show(std::move(host));
  const EventVerdict verdict = ledger_.Take(Told(kTaskExecuted, kShell, kInit, kAdmin));
  EXPECT_TRUE(verdict.judged);
  EXPECT_TRUE(verdict.news.empty());
}

TEST_F(Ledger, WhoDescendsFromAMemberIsInsideWhoDoesNotHasJoined) {
  ledger_.Take(Told(kTaskForked, kShell, kInit));
  EXPECT_EQ(ledger_.Take(Told(kTaskExecuted, kShell, kInit, kAdmin)).news.at(0).fact, "inside");
  EXPECT_EQ(ledger_.Take(Told(kTaskExecuted, 300, kOutside, kAdmin)).news.at(0).fact, "joined");
  // So have its children.
  ledger_.Take(Told(kTaskForked, 301, 300));
  ledger_.TakeSeen();
  EXPECT_EQ(ledger_.Take(Told(kTaskExecuted, 301, 300, kAdmin)).news.at(0).fact, "joined");
  // A number that is given away is another process.
  ledger_.Take(Told(kTaskExited, kShell, kInit));
  ledger_.TakeSeen();
  EXPECT_EQ(ledger_.Take(Told(kTaskExecuted, kShell, kOutside, kAdmin)).news.at(0).fact, "joined");
}

TEST_F(Ledger, KeepsOneOfEachKindUntilItIsAsked) {
  for (int i = 0; i < 5; ++i) ledger_.Take(Told(kTaskExecuted, kShell + i, kOutside));
  EXPECT_EQ(ledger_.Take(Told(kTaskExecuted, 300, kOutside, kAdmin)).news.size(), 1U);
  EXPECT_TRUE(ledger_.Take(Told(kTaskExecuted, 301, kOutside, kAdmin)).news.empty());
  const auto seen = ledger_.TakeSeen();
  ASSERT_EQ(seen.size(), 2U);
  EXPECT_EQ(seen[0].times, 5U);
  EXPECT_EQ(seen[1].times, 2U);
  EXPECT_TRUE(ledger_.TakeSeen().empty());
}

TEST_F(Ledger, IsBoundedAndSaysWhatItLeftOut) {
  for (std::uint64_t i = 0; i < ExecLedger::kMostKinds + 10; ++i) {
    TaskEvent event = Told(kTaskExecuted, kShell, kInit);
    event.task.executable = i;
    EXPECT_EQ(ledger_.Take(event).judged, i < ExecLedger::kMostKinds);
  }
  EXPECT_EQ(ledger_.left_out(), 10U);
  EXPECT_EQ(ledger_.TakeSeen().size(), ExecLedger::kMostKinds);
}

TEST_F(Ledger, AsksForALookAtNamespacesThatNobodyKnows) {
  TaskEvent strange = Told(kTaskExecuted, kShell, kOutside);
  strange.task.namespaces[std::to_underlying(NamespaceKind::kMnt)] = 30;
  strange.task.namespaces[std::to_underlying(NamespaceKind::kPid)] = 31;
  EXPECT_TRUE(ledger_.Take(strange).unplaced);
  TaskEvent hosts = Told(kTaskExecuted, kShell, kOutside);
  hosts.task.namespaces[std::to_underlying(NamespaceKind::kMnt)] = kHostMounts;
  hosts.task.namespaces[std::to_underlying(NamespaceKind::kPid)] = kHostPids;
  const EventVerdict verdict = ledger_.Take(hosts);
  EXPECT_FALSE(verdict.unplaced);
  EXPECT_FALSE(verdict.judged);
}

TEST_F(Ledger, JudgesNothingWithoutAPicture) {
  ledger_.Show(nullptr);
  const EventVerdict verdict = ledger_.Take(Told(kTaskExecuted, kShell, kInit, kAdmin));
  EXPECT_FALSE(verdict.judged);
  EXPECT_TRUE(ledger_.TakeSeen().empty());
}

// What a look adds of what it did not meet.
TEST_F(Ledger, TheNextLookTellsOfThoseThatLiveNoMore) {
  ledger_.Take(Told(kTaskExecuted, kShell, kOutside, kAdmin));
  TaskEvent living = Told(kTaskExecuted, kInit, kOutside);
  living.task.start = 7'000'000'000;
  ledger_.Take(living);
  Snapshot next = HostWithAContainer();
  next.processes[1].stat.start = BootTicks{700};
  AddEnded(ledger_.TakeSeen(), next);
  ASSERT_EQ(next.containers[0].ended.size(), 1U);
  const EndedProcess& ended = next.containers[0].ended[0];
  EXPECT_EQ(ended.process.pid, Pid{kShell});
  EXPECT_TRUE(ended.joined);
  EXPECT_EQ(next.Text(next.At(*ended.process.executable).path), "tool");
  EXPECT_EQ(next.At(*ended.process.executable).mount_id, 7U);
  EXPECT_EQ(ended.process.leader.cgroup.error().code, ErrorCode::kNotRead);
  const Report report = Evaluate(next, benchmark_, {});
  EXPECT_EQ(report.containers.at(0).findings.at(0).status, Status::kFail);
}

TEST_F(Ledger, WhoseContainerHasGoneIsLeftOut) {
  ledger_.Take(Told(kTaskExecuted, kShell, kOutside, kAdmin));
  Snapshot next = HostWithAContainer();
  next.containers.clear();
  AddEnded(ledger_.TakeSeen(), next);
  EXPECT_TRUE(next.containers.empty());
}

}  // namespace
}  // namespace hullmark
