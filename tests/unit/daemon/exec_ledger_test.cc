// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon/exec_ledger.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
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

namespace hullmark {
namespace {

constexpr std::uint32_t kHostMounts = 10, kHostPids = 11, kMounts = 20, kPids = 21;
constexpr int kInit = 100, kShell = 200, kOutside = 50;
constexpr std::uint64_t kAdmin = 1ULL << 21;  // CAP_SYS_ADMIN

Verdict NoAdmin(const TaskView& view, const Params& /*params*/, EvidenceOut out) {
  if (!view.task.status) return {.outcome = Outcome::kUnknown};
  if (view.task.status->effective.bits() != kAdmin) return {.outcome = Outcome::kPass};
  if (out != nullptr) out->push_back({.fact = view.member.joined ? "joined" : "inside"});
  return {.outcome = Outcome::kFail};
}
constexpr Check kNoAdmin = {.id = "CAP-001", .evaluate = NoAdmin, .params = {}};

Process ProcessIn(int pid, std::uint32_t mounts, std::uint32_t pids) {
  Process process;
  process.pid = Pid{pid};
  process.leader.status = ProcStatus{.uid = {}, .gid = {}};
  process.leader.namespaces.Set(NamespaceKind::kMnt, NamespaceInode{mounts});
  process.leader.namespaces.Set(NamespaceKind::kPid, NamespaceInode{pids});
  return process;
}

// A host with one container, of one process.
Snapshot Host() {
  Snapshot snapshot;
  snapshot.processes = {ProcessIn(kOutside, kHostMounts, kHostPids),
                        ProcessIn(kInit, kMounts, kPids)};
  Container container;
  container.name = snapshot.strings.Intern("web");
  container.init = ProcessIndex{1};
  container.members = {{.process = ProcessIndex{1}}};
  snapshot.containers.push_back(std::move(container));
  const auto set = [&](NamespaceKind kind, std::uint32_t inode) {
    snapshot.host.namespaces.at(std::to_underlying(kind)) =
        ReferenceNamespace{.inode = NamespaceInode{inode}};
  };
  set(NamespaceKind::kMnt, kHostMounts);
  set(NamespaceKind::kPid, kHostPids);
  return snapshot;
}

TaskEvent Event(unsigned turn, int pid, int parent, std::uint64_t effective = 0) {
  TaskEvent event = {};
  event.turn.turn = turn;
  event.turn.tgid = pid;
  event.turn.parent = parent;
  event.executable_mount = 7;
  std::strncpy(static_cast<char*>(event.executable_name), "tool", kMostExecutableName - 1);
  event.task.tid = event.task.tgid = pid;
  event.task.parent = parent;
  event.task.start = 5'000'000'000;
  event.task.effective = effective;
  event.task.known = kKnowsNamespaces | kKnowsImage;
  event.task.executable_links = 1;
  event.task.namespaces[std::to_underlying(NamespaceKind::kMnt)] = kMounts;
  event.task.namespaces[std::to_underlying(NamespaceKind::kPid)] = kPids;
  return event;
}

class Ledger : public testing::Test {
 protected:
  Ledger() {
    Control control;
    control.id = "CAP-001";
    control.severity = Severity::kHigh;
    control.check = &kNoAdmin;
    benchmark_.controls.push_back(control);
    Show(Host());
  }
  void Show(Snapshot snapshot) {
    const Report report = Evaluate(snapshot, benchmark_, {});
    picture_ = std::make_unique<WatchPicture>(std::move(snapshot), benchmark_, report);
    ledger_.Show(picture_.get());
  }

  Benchmark benchmark_;
  std::unique_ptr<WatchPicture> picture_;
  ExecLedger ledger_;
};

TEST_F(Ledger, JudgesWhatExecutesInAContainer) {
  const EventVerdict good = ledger_.Take(Event(kTaskExecuted, kShell, kInit));
  EXPECT_TRUE(good.judged);
  EXPECT_EQ(good.container, 0U);
  EXPECT_TRUE(good.news.empty());
  const EventVerdict bad = ledger_.Take(Event(kTaskExecuted, kShell, kInit, kAdmin));
  ASSERT_EQ(bad.news.size(), 1U);
  EXPECT_EQ(bad.news[0].severity, Severity::kHigh);
  EXPECT_FALSE(bad.unplaced);
}

TEST_F(Ledger, WhatTheContainerFailsAlreadyIsNoNews) {
  Snapshot host = Host();
  host.processes[1].leader.status->effective = CapSet(kAdmin);
  Show(std::move(host));
  const EventVerdict verdict = ledger_.Take(Event(kTaskExecuted, kShell, kInit, kAdmin));
  EXPECT_TRUE(verdict.judged);
  EXPECT_TRUE(verdict.news.empty());
}

TEST_F(Ledger, WhoDescendsFromAMemberIsInsideWhoDoesNotHasJoined) {
  ledger_.Take(Event(kTaskForked, kShell, kInit));
  EXPECT_EQ(ledger_.Take(Event(kTaskExecuted, kShell, kInit, kAdmin)).news.at(0).fact, "inside");
  EXPECT_EQ(ledger_.Take(Event(kTaskExecuted, 300, kOutside, kAdmin)).news.at(0).fact, "joined");
  // So have its children.
  ledger_.Take(Event(kTaskForked, 301, 300));
  ledger_.TakeSeen();
  EXPECT_EQ(ledger_.Take(Event(kTaskExecuted, 301, 300, kAdmin)).news.at(0).fact, "joined");
  // A number that is given away is another process.
  ledger_.Take(Event(kTaskExited, kShell, kInit));
  ledger_.TakeSeen();
  EXPECT_EQ(ledger_.Take(Event(kTaskExecuted, kShell, kOutside, kAdmin)).news.at(0).fact, "joined");
}

TEST_F(Ledger, KeepsOneOfEachKindUntilItIsAsked) {
  for (int i = 0; i < 5; ++i) ledger_.Take(Event(kTaskExecuted, kShell + i, kOutside));
  EXPECT_EQ(ledger_.Take(Event(kTaskExecuted, 300, kOutside, kAdmin)).news.size(), 1U);
  EXPECT_TRUE(ledger_.Take(Event(kTaskExecuted, 301, kOutside, kAdmin)).news.empty());
  const auto seen = ledger_.TakeSeen();
  ASSERT_EQ(seen.size(), 2U);
  EXPECT_EQ(seen[0].times, 5U);
  EXPECT_EQ(seen[1].times, 2U);
  EXPECT_TRUE(ledger_.TakeSeen().empty());
}

TEST_F(Ledger, IsBoundedAndSaysWhatItLeftOut) {
  for (std::uint64_t i = 0; i < ExecLedger::kMostKinds + 10; ++i) {
    TaskEvent event = Event(kTaskExecuted, kShell, kInit);
    event.task.executable = i;
    EXPECT_EQ(ledger_.Take(event).judged, i < ExecLedger::kMostKinds);
  }
  EXPECT_EQ(ledger_.left_out(), 10U);
  EXPECT_EQ(ledger_.TakeSeen().size(), ExecLedger::kMostKinds);
}

TEST_F(Ledger, AsksForALookAtNamespacesThatNobodyKnows) {
  TaskEvent strange = Event(kTaskExecuted, kShell, kOutside);
  strange.task.namespaces[std::to_underlying(NamespaceKind::kMnt)] = 30;
  strange.task.namespaces[std::to_underlying(NamespaceKind::kPid)] = 31;
  EXPECT_TRUE(ledger_.Take(strange).unplaced);
  TaskEvent hosts = Event(kTaskExecuted, kShell, kOutside);
  hosts.task.namespaces[std::to_underlying(NamespaceKind::kMnt)] = kHostMounts;
  hosts.task.namespaces[std::to_underlying(NamespaceKind::kPid)] = kHostPids;
  const EventVerdict verdict = ledger_.Take(hosts);
  EXPECT_FALSE(verdict.unplaced);
  EXPECT_FALSE(verdict.judged);
}

TEST_F(Ledger, JudgesNothingWithoutAPicture) {
  ledger_.Show(nullptr);
  const EventVerdict verdict = ledger_.Take(Event(kTaskExecuted, kShell, kInit, kAdmin));
  EXPECT_FALSE(verdict.judged);
  EXPECT_TRUE(ledger_.TakeSeen().empty());
}

// What a look adds of what it did not meet.
TEST_F(Ledger, TheNextLookTellsOfThoseThatLiveNoMore) {
  ledger_.Take(Event(kTaskExecuted, kShell, kOutside, kAdmin));
  TaskEvent living = Event(kTaskExecuted, kInit, kOutside);
  living.task.start = 7'000'000'000;
  ledger_.Take(living);
  Snapshot next = Host();
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
  ledger_.Take(Event(kTaskExecuted, kShell, kOutside, kAdmin));
  Snapshot next = Host();
  next.containers.clear();
  AddEnded(ledger_.TakeSeen(), next);
  EXPECT_TRUE(next.containers.empty());
}

}  // namespace
}  // namespace hullmark
