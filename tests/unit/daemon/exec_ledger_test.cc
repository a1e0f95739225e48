// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon/exec_ledger.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/bpf/task_event.h"
#include "agent/collect/event_facts.h"
#include "agent/evaluate/evaluate.h"
#include "checks/table.h"
#include "hullmark/benchmark.h"
#include "hullmark/check.h"
#include "hullmark/facts.h"
#include "hullmark/glob.h"
#include "hullmark/ids.h"
#include "hullmark/report.h"
#include "hullmark/snapshot.h"
#include "tests/unit/daemon/watched_world.h"

namespace hullmark {
namespace {

// Later than all events.
constexpr std::uint64_t kLooked = 1'000'000;

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
  EXPECT_FALSE(good.has_news);
  const EventVerdict bad = ledger_.Take(Told(kTaskExecuted, kShell, kInit, kAdmin));
  EXPECT_TRUE(bad.has_news);
  ASSERT_EQ(bad.fails.size(), 1U);
  EXPECT_EQ(bad.fails[0].severity, Severity::kHigh);
  EXPECT_FALSE(bad.unplaced);
}

TEST_F(Ledger, WhatTheContainerFailsAlreadyIsNoNews) {
  Snapshot host = HostWithAContainer();
  host.processes[1].leader.status->effective = CapSet(kAdmin);
  Show(std::move(host));
  const EventVerdict verdict = ledger_.Take(Told(kTaskExecuted, kShell, kInit, kAdmin));
  EXPECT_TRUE(verdict.judged);
  EXPECT_FALSE(verdict.has_news);
}

TEST_F(Ledger, EachControlIsNewsOnceUntilTheNextPicture) {
  EXPECT_TRUE(ledger_.Take(Told(kTaskExecuted, kShell, kInit, kAdmin)).has_news);
  EXPECT_FALSE(ledger_.Take(Told(kTaskExecuted, kShell, kOutside, kAdmin)).has_news);
  Show(HostWithAContainer());
  ledger_.TakeSeen(kLooked);
  EXPECT_TRUE(ledger_.Take(Told(kTaskExecuted, kShell, kInit, kAdmin)).has_news);
}

// Whoever acts upon processes wants to know of each.
TEST_F(Ledger, WhatIsNoNewsIsAFailNevertheless) {
  ledger_.Take(Told(kTaskExecuted, kShell, kInit, kAdmin));
  const EventVerdict alike = ledger_.Take(Told(kTaskExecuted, kShell, kInit, kAdmin));
  ASSERT_EQ(alike.fails.size(), 1U);
  EXPECT_FALSE(alike.fails[0].is_news);
  TaskEvent another = Told(kTaskExecuted, kShell, kInit, kAdmin);
  another.task.executable = 77;
  const EventVerdict other = ledger_.Take(another);
  ASSERT_EQ(other.fails.size(), 1U);
  EXPECT_FALSE(other.has_news);
  EXPECT_TRUE(ledger_.Take(Told(kTaskExecuted, kShell, kInit)).fails.empty());
  // One that waits for the next look keeps what it fails.
  TaskEvent late = Told(kTaskExecuted, kShell, kInit, kAdmin);
  late.turn.at = 10;
  late.task.executable = 78;
  ledger_.Take(late);
  ledger_.TakeSeen(9);
  EXPECT_EQ(ledger_.Take(late).fails.size(), 1U);
}

TEST_F(Ledger, JudgesAnotherRecordOfAProcessOfThatContainerAlone) {
  const ContainerIdentity own =
      IdentityOf(picture_->snapshot(), picture_->snapshot().containers[0]);
  EXPECT_EQ(ledger_.JudgeAgain(Told(kTaskExecuted, kShell, kInit, kAdmin), own).size(), 1U);
  EXPECT_TRUE(ledger_.JudgeAgain(Told(kTaskExecuted, kShell, kInit), own).empty());
  TaskEvent outside = Told(kTaskExecuted, kShell, kOutside, kAdmin);
  outside.task.namespaces[std::to_underlying(NamespaceKind::kMnt)] = kHostMounts;
  outside.task.namespaces[std::to_underlying(NamespaceKind::kPid)] = kHostPids;
  EXPECT_TRUE(ledger_.JudgeAgain(outside, own).empty());
  ContainerIdentity another = own;
  another.init_start = BootTicks{900};
  EXPECT_TRUE(ledger_.JudgeAgain(Told(kTaskExecuted, kShell, kInit, kAdmin), another).empty());
  // It was no event.
  EXPECT_TRUE(ledger_.Take(Told(kTaskExecuted, kShell, kInit, kAdmin)).has_news);
}

// A container within the container, which the picture does not know yet, or a sandbox in it.
TEST_F(Ledger, WhoHasOtherNamespacesThanTheInitIsNotJudgedAgain) {
  const ContainerIdentity own =
      IdentityOf(picture_->snapshot(), picture_->snapshot().containers[0]);
  ledger_.Take(Told(kTaskForked, kShell, kInit));
  TaskEvent inner = Told(kTaskExecuted, kShell, kInit, kAdmin);
  for (const NamespaceKind kind : {NamespaceKind::kMnt, NamespaceKind::kPid}) {
    inner.task.namespaces[std::to_underlying(kind)] = 30;
  }
  EXPECT_EQ(ledger_.Take(inner).fails.size(), 1U);
  EXPECT_TRUE(ledger_.JudgeAgain(inner, own).empty());
  for (const NamespaceKind kind :
       {NamespaceKind::kMnt, NamespaceKind::kPid, NamespaceKind::kUser}) {
    TaskEvent other = Told(kTaskExecuted, kShell, kInit, kAdmin);
    other.task.namespaces[std::to_underlying(kind)] = 30;
    EXPECT_TRUE(ledger_.JudgeAgain(other, own).empty()) << static_cast<int>(kind);
  }
}

TEST_F(Ledger, WhoDescendsFromAMemberIsInsideWhoDoesNotHasJoined) {
  ledger_.Take(Told(kTaskForked, kShell, kInit));
  EXPECT_FALSE(ledger_.Take(Told(kTaskExecuted, kShell, kInit)).joined);
  EXPECT_TRUE(ledger_.Take(Told(kTaskExecuted, 300, kOutside)).joined);
  // So have its children, whose fork was lost too.
  EXPECT_TRUE(ledger_.Take(Told(kTaskExecuted, 301, 300)).joined);
  EXPECT_FALSE(ledger_.Take(Told(kTaskExecuted, 302, kShell)).joined);
  // A number that is given away is another process.
  ledger_.Take(Told(kTaskExited, kShell, kInit));
  EXPECT_TRUE(ledger_.Take(Told(kTaskExecuted, kShell, kOutside)).joined);
}

// Its fork came when the look had passed it, and before the picture was made of that.
TEST_F(Ledger, WhoDescendsFromWhomOutlivesAPicture) {
  ledger_.Take(Told(kTaskForked, kShell, kInit));
  Show(HostWithAContainer());
  EXPECT_FALSE(ledger_.Take(Told(kTaskExecuted, kShell, kInit)).joined);
  ledger_.Forget();
  Show(HostWithAContainer());
  EXPECT_TRUE(ledger_.Take(Told(kTaskExecuted, 300, kShell)).joined);
}

TEST_F(Ledger, KeepsOneOfEachKindUntilItIsAsked) {
  for (int i = 0; i < 5; ++i) ledger_.Take(Told(kTaskExecuted, kShell + i, kOutside));
  EXPECT_TRUE(ledger_.Take(Told(kTaskExecuted, 300, kOutside, kAdmin)).has_news);
  EXPECT_FALSE(ledger_.Take(Told(kTaskExecuted, 301, kOutside, kAdmin)).has_news);
  const auto seen = ledger_.TakeSeen(kLooked);
  ASSERT_EQ(seen.size(), 2U);
  EXPECT_EQ(seen[0].times, 5U);
  EXPECT_EQ(seen[1].times, 2U);
  EXPECT_TRUE(ledger_.TakeSeen(kLooked).empty());
}

// By its name: an event tells no more.
TEST_F(Ledger, AProgramThatWasNotLearnedIsNewsAtOnce) {
  const auto checks = RuntimeChecks();
  const auto expected = std::ranges::find(checks, std::string_view("RUN-003"), &Check::id);
  ASSERT_NE(expected, checks.end());
  benchmark_.controls[0].check = &*expected;
  benchmark_.controls[0].params = Params({std::int64_t{600}, std::vector<Glob>{}});
  Snapshot host = HostWithAContainer();
  LearnedPrograms learned{.age = 0, .seconds = 600, .complete = true};
  learned.programs = {host.strings.Intern("/bin/tool")};
  host.containers[0].learned = learned;
  Show(std::move(host));
  TaskEvent event = Told(kTaskExecuted, kShell, kInit);
  EXPECT_FALSE(ledger_.Take(event).has_news);
  event.executable_name[0] = 'f';
  const auto fails = ledger_.Take(event).fails;
  ASSERT_EQ(fails.size(), 1U);
  EXPECT_EQ(fails[0].fact, "fool is not among the 1 program seen within 600 s of its start");
}

// Whatever a verdict may go by makes a kind; what two runs of one program differ in does not.
TEST_F(Ledger, AKindIsAllThatAVerdictMayGoBy) {
  const std::vector<void (*)(TaskEvent&)> others = {
      [](TaskEvent& event) { event.task.effective = 4; },
      [](TaskEvent& event) { event.task.ambient = 4; },
      [](TaskEvent& event) { event.task.suid = 4; },
      [](TaskEvent& event) { event.task.no_new_privs = 1; },
      [](TaskEvent& event) { event.task.seccomp_filters = 1; },
      [](TaskEvent& event) { event.task.core.soft = 4; },
      [](TaskEvent& event) { event.task.executable_links = 0; },
      [](TaskEvent& event) { event.task.group_count = 1; },
      [](TaskEvent& event) { event.task.uid_map.count = 1; },
      [](TaskEvent& event) { event.task.namespaces[kRecordNamespaces - 1] = 5; },
      [](TaskEvent& event) { event.executable_mount = 0; },
      [](TaskEvent& event) { event.executable_device = 5; },
      [](TaskEvent& event) { event.executable_name[0] = 'x'; }};
  ledger_.Take(Told(kTaskExecuted, kShell, kOutside));
  for (const auto other : others) {
    TaskEvent event = Told(kTaskExecuted, kShell, kOutside);
    other(event);
    ledger_.Take(event);
  }
  TaskEvent same = Told(kTaskExecuted, 999, kOutside);
  same.turn.at = same.task.start = 77;
  same.task.threads = 5;
  ledger_.Take(same);
  EXPECT_EQ(ledger_.TakeSeen(kLooked).size(), others.size() + 1);
}

TEST_F(Ledger, JudgesWhatItCannotKeepAndSaysWhatItLeftOut) {
  std::size_t left_out = 0;
  for (std::uint64_t i = 0; i < ExecLedger::kMostKinds + 10; ++i) {
    TaskEvent event = Told(kTaskExecuted, kShell, kInit);
    event.task.executable = i;
    const EventVerdict verdict = ledger_.Take(event);
    EXPECT_TRUE(verdict.judged);
    left_out += verdict.left_out ? 1 : 0;
  }
  EXPECT_EQ(left_out, 10U);
  EXPECT_TRUE(ledger_.Take(Told(kTaskExecuted, kShell, kInit, kAdmin)).has_news);
  EXPECT_EQ(ledger_.TakeSeen(kLooked).size(), ExecLedger::kMostKinds);
}

// Numbers of namespaces are given away at once.
TEST_F(Ledger, NamespacesOfAContainerWhoseInitHasEndedAreAnybodys) {
  ledger_.Take(Told(kTaskExited, kInit, 1));
  const EventVerdict verdict = ledger_.Take(Told(kTaskExecuted, kShell, kOutside, kAdmin));
  EXPECT_FALSE(verdict.judged);
  EXPECT_FALSE(verdict.has_news);
}

// Another container got its namespaces' numbers and its id.
TEST_F(Ledger, AnotherContainerIsNotBlamed) {
  ledger_.Take(Told(kTaskExecuted, kShell, kOutside, kAdmin));
  Snapshot next = HostWithAContainer();
  next.processes[1].stat.start = BootTicks{900};
  EXPECT_EQ(AddEnded(ledger_.TakeSeen(kLooked), next), 1U);
  EXPECT_TRUE(next.containers[0].ended.empty());
}

// A process of a container that made namespaces of its own.
TEST_F(Ledger, WhoMakesItsOwnNamespacesStaysInItsContainer) {
  ledger_.Take(Told(kTaskForked, kShell, kInit));
  TaskEvent apart = Told(kTaskExecuted, kShell, kInit, kAdmin);
  apart.task.namespaces[std::to_underlying(NamespaceKind::kMnt)] = 30;
  apart.task.namespaces[std::to_underlying(NamespaceKind::kPid)] = 31;
  const EventVerdict verdict = ledger_.Take(apart);
  EXPECT_TRUE(verdict.has_news);
  EXPECT_FALSE(verdict.unplaced);
  Snapshot next = HostWithAContainer();
  EXPECT_EQ(AddEnded(ledger_.TakeSeen(kLooked), next), 0U);
  EXPECT_EQ(next.containers[0].ended.size(), 1U);
}

// The process lives: what it was does not.
TEST_F(Ledger, WhatAProcessExecutedBeforeIsOver) {
  const TaskEvent first = Told(kTaskExecuted, kInit, 1, kAdmin);
  ledger_.Take(first);
  ledger_.Take(Told(kTaskExecuted, kInit, 1));
  Snapshot next = HostWithAContainer();
  next.processes[1].stat.start = BootTicks{500};
  Snapshot before = HostWithAContainer();
  before.processes[1].stat.start = BootTicks{500};
  Show(std::move(before));
  ledger_.TakeSeen(kLooked);
  ledger_.Take(first);
  ledger_.Take(Told(kTaskExecuted, kInit, 1));
  EXPECT_EQ(AddEnded(ledger_.TakeSeen(kLooked), next), 0U);
  ASSERT_EQ(next.containers[0].ended.size(), 1U);
  EXPECT_EQ(next.containers[0].ended[0].process.leader.status->effective.bits(), kAdmin);
}

// It may have come when the look had passed: the next one meets it, or tells that it has ended.
TEST_F(Ledger, WhatBeganAfterTheLookWaitsForTheNext) {
  TaskEvent late = Told(kTaskExecuted, kShell, kOutside);
  late.turn.at = 10;
  ledger_.Take(late);
  EXPECT_TRUE(ledger_.TakeSeen(9).empty());
  ledger_.Take(Told(kTaskExited, kShell, kOutside));
  const auto seen = ledger_.TakeSeen(9);
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_TRUE(seen[0].over);
}

// Of memory: its mount has the number 0, and no name.
TEST_F(Ledger, ProgramsOfMemoryHaveAMount) {
  TaskEvent event = Told(kTaskExecuted, kShell, kOutside);
  event.task.executable_links = 0;
  event.executable_mount = 0;
  ledger_.Take(event);
  Snapshot next = HostWithAContainer();
  AddEnded(ledger_.TakeSeen(kLooked), next);
  const Process& process = next.containers.at(0).ended.at(0).process;
  EXPECT_EQ(next.At(*process.executable).mount_id, 0U);
}

TEST_F(Ledger, ManyGroupsHideNothingElse) {
  TaskEvent event = Told(kTaskExecuted, kShell, kOutside, kAdmin);
  event.task.group_count = kMostRecordGroups + 1;
  EXPECT_TRUE(ledger_.Take(event).has_news);
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
  EXPECT_TRUE(verdict.left_out);
  EXPECT_TRUE(ledger_.TakeSeen(kLooked).empty());
}

// What a look adds of what it did not meet.
TEST_F(Ledger, TheNextLookTellsOfThoseThatLiveNoMore) {
  ledger_.Take(Told(kTaskExecuted, kShell, kOutside, kAdmin));
  Snapshot next = HostWithAContainer();
  EXPECT_EQ(AddEnded(ledger_.TakeSeen(kLooked), next), 0U);
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

TEST_F(Ledger, WhoLivesIsToldByTheLook) {
  TaskEvent living = Told(kTaskExecuted, kInit, kOutside);
  living.task.start = 0;
  ledger_.Take(living);
  Snapshot next = HostWithAContainer();
  EXPECT_EQ(AddEnded(ledger_.TakeSeen(kLooked), next), 0U);
  EXPECT_TRUE(next.containers[0].ended.empty());
}

TEST_F(Ledger, WhoseContainerHasGoneIsCounted) {
  ledger_.Take(Told(kTaskExecuted, kShell, kOutside, kAdmin));
  Snapshot next = HostWithAContainer();
  next.containers.clear();
  EXPECT_EQ(AddEnded(ledger_.TakeSeen(kLooked), next), 1U);
}

}  // namespace
}  // namespace hullmark
