// SPDX-License-Identifier: Apache-2.0
// A Collector to which records tell of the tasks: what it takes from them, what it reads beside
// them, and when it does without them.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "agent/bpf/task_iterator.h"
#include "agent/bpf/task_record.h"
#include "agent/collect/collector.h"
#include "hullmark/facts.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"
#include "tests/unit/collect/record_world.h"
#include "tests/unit/collect/world.h"

namespace hullmark {
namespace {

class RecordCollector : public testing::Test {
 protected:
  RecordCollector() {
    AddOwnProcess(world_);
    AddProcess(42);
    records_.leaders.push_back(RecordOf(42));
    collector_.emplace(world_.OpenAll(), KeepOptions{},
                       Tasks{.records = [this](const RecordBounds&) { return read_(); }});
  }

  void AddProcess(int pid, int image = 1) { AddRecordedProcess(world_, pid, image); }
  TaskRecord& record() { return records_.leaders.front(); }

  Snapshot LookAt(int second) {
    world_.options.now = Timestamp{(1'000'000LL + second) * 1'000'000'000};
    auto snapshot = collector_->Look(world_.options);
    EXPECT_TRUE(snapshot.has_value());
    return std::move(*snapshot);
  }

  CollectWorld world_;
  TaskRecords records_;
  std::function<Result<TaskRecords>()> read_ = [this] { return records_; };
  std::optional<Collector> collector_;
};

TEST_F(RecordCollector, AgreesWithTheFiles) {
  const Snapshot snapshot = LookAt(0);
  EXPECT_EQ(snapshot.vantage.source, TaskSource::kBpf) << snapshot.vantage.source_reason;
  ASSERT_EQ(snapshot.processes.size(), 1U);
  const Process& process = snapshot.processes.front();
  EXPECT_EQ(process.stat.start, BootTicks{1000});
  EXPECT_EQ(process.leader.namespaces[NamespaceKind::kPid], NamespaceInode{4026531836});
  EXPECT_EQ(snapshot.Text(snapshot.At(*process.executable).path), "/bin/app");
}

TEST_F(RecordCollector, ReadsOnceWhatRecordsDoNotTell) {
  LookAt(0);
  EXPECT_EQ(collector_->counts().whole, 1U);
  world_.tree.Remove("proc/42");
  record().effective = 1;
  const Snapshot snapshot = LookAt(1);
  EXPECT_EQ(collector_->counts().again, 1U);
  ASSERT_EQ(snapshot.processes.size(), 1U);
  const Process& process = snapshot.processes.front();
  EXPECT_FALSE(process.leader.status->effective.empty());
  EXPECT_EQ(snapshot.Text(snapshot.At(*process.executable).path), "/bin/app");
  EXPECT_TRUE(process.leader.cgroup.has_value());
}

TEST_F(RecordCollector, ReadsAnotherProgramAnew) {
  LookAt(0);
  AddProcess(42, 2);
  world_.tree.Link("proc/42/exe", "/bin/other");
  record().image[0] = 0x2000;
  const Snapshot snapshot = LookAt(1);
  EXPECT_EQ(snapshot.Text(snapshot.At(*snapshot.processes.front().executable).path), "/bin/other");
}

TEST_F(RecordCollector, ReadsTheCgroupOfWhoMovedOnly) {
  LookAt(0);
  world_.tree.Write("proc/42/cgroup", "0::/moved\n");
  const auto path = [](const Snapshot& snapshot) {
    const auto& cgroups = snapshot.At(*snapshot.processes.front().leader.cgroup).cgroups;
    return snapshot.Text(snapshot.At(cgroups.front()).path);
  };
  EXPECT_EQ(path(LookAt(1)), "/");
  record().css_set = 0xc56;
  EXPECT_EQ(path(LookAt(2)), "/moved");
}

TEST_F(RecordCollector, ReadsTheLabelOfOtherCredentialsOnly) {
  world_.tree.Write("proc/self/attr/apparmor/current", "unconfined\n");
  world_.tree.Write("proc/42/attr/apparmor/current", "web (enforce)\n");
  record().credentials = 0xc4ed1;
  const auto label = [](const Snapshot& snapshot) {
    const auto& leader = snapshot.processes.front().leader;
    return leader.label ? std::string(snapshot.Text(snapshot.At(*leader.label).text)) : "";
  };
  EXPECT_EQ(label(LookAt(0)), "web (enforce)");
  world_.tree.Write("proc/42/attr/apparmor/current", "other (complain)\n");
  EXPECT_EQ(label(LookAt(1)), "web (enforce)");
  record().credentials = 0xc4ed2;
  EXPECT_EQ(label(LookAt(2)), "other (complain)");
}

// No other module says where it keeps its labels.
TEST_F(RecordCollector, ReadsLabelsOfOtherModulesEachTime) {
  world_.tree.Write("proc/self/attr/current", "kernel\n");
  world_.tree.Write("proc/42/attr/current", "one\n");
  EXPECT_TRUE(LookAt(0).processes.front().leader.label.has_value());
  world_.tree.Write("proc/42/attr/current", "two\n");
  const Snapshot snapshot = LookAt(1);
  EXPECT_EQ(snapshot.Text(snapshot.At(*snapshot.processes.front().leader.label).text), "two");
}

TEST_F(RecordCollector, DropsRecordsThatContradictTheFiles) {
  record().effective = 1U << 21;
  const Snapshot snapshot = LookAt(0);
  EXPECT_FALSE(collector_->has_records());
  EXPECT_EQ(snapshot.vantage.source, TaskSource::kProc);
  EXPECT_TRUE(snapshot.processes.front().leader.status->effective.empty());
  EXPECT_NE(snapshot.vantage.source_reason.find("CapEff"), std::string::npos);
  EXPECT_EQ(snapshot.vantage.problems.back().id, "bpf");
}

TEST_F(RecordCollector, DropsRecordsThatCannotBeRead) {
  LookAt(0);
  read_ = [] { return Fail(ErrorCode::kIo, "bpf: the tasks: detached"); };
  const Snapshot snapshot = LookAt(1);
  EXPECT_EQ(snapshot.vantage.source, TaskSource::kProc);
  EXPECT_EQ(snapshot.vantage.source_reason, "bpf: the tasks: detached");
  EXPECT_EQ(snapshot.processes.size(), 1U);
}

TEST_F(RecordCollector, TriesRecordsAgainAfterAnHour) {
  const auto effective = record().effective;
  record().effective = 1U << 21;
  LookAt(0);
  record().effective = effective;
  EXPECT_EQ(LookAt(3'599).vantage.source, TaskSource::kProc);
  const Snapshot snapshot = LookAt(3'600);
  EXPECT_EQ(snapshot.vantage.source, TaskSource::kBpf);
  EXPECT_EQ(snapshot.vantage.source_reason, "");
  EXPECT_EQ(snapshot.processes.size(), 1U);
}

TEST_F(RecordCollector, HoldsThemAgainstTheFilesWhenItTriesAgain) {
  record().effective = 1U << 21;
  LookAt(0);
  EXPECT_EQ(LookAt(3'600).vantage.source, TaskSource::kProc);
  EXPECT_EQ(LookAt(3'601).vantage.source, TaskSource::kProc);
}

TEST_F(RecordCollector, ListsThreadsThatDiffer) {
  TaskRecord alike = RecordOf(42);
  TaskRecord other = RecordOf(42);
  record().threads = 3;
  alike.tid = 43;
  other.tid = 44;
  other.effective = 1;
  records_.threads = {alike, other};
  world_.AddProcess("42", {.pid = 42, .threads = 3, .image = 1});
  for (const int tid : {42, 43}) {
    world_.AddProcess("42/task/" + std::to_string(tid), {.pid = tid, .threads = 3, .image = 1});
  }
  world_.AddProcess("42/task/44",
                    {.pid = 44, .threads = 3, .effective = "0000000000000001", .image = 1});
  const Snapshot snapshot = LookAt(0);
  EXPECT_EQ(snapshot.vantage.source, TaskSource::kBpf) << snapshot.vantage.source_reason;
  EXPECT_EQ(snapshot.processes.front().threads_unread, 0U);
  EXPECT_EQ(snapshot.counts.threads, 2U);
  ASSERT_EQ(snapshot.threads.size(), 1U);
  EXPECT_EQ(snapshot.threads.front().tid, Pid{44});
  EXPECT_FALSE(snapshot.threads.front().task.status->effective.empty());
}

TEST_F(RecordCollector, CountsZombiesAndKernelThreads) {
  TaskRecord zombie = RecordOf(43);
  zombie.exit_state = 0x20;
  records_.leaders.push_back(zombie);
  records_.kernel_threads = 7;
  const Snapshot snapshot = LookAt(0);
  EXPECT_EQ(snapshot.counts.zombies, 1U);
  EXPECT_EQ(snapshot.counts.kernel_threads, 7U);
  EXPECT_EQ(snapshot.processes.size(), 1U);
}

TEST_F(RecordCollector, ReadsWhatHasNoRecordThroughProc) {
  AddProcess(7);
  AddProcess(99);
  const Snapshot snapshot = LookAt(0);
  EXPECT_EQ(snapshot.vantage.source, TaskSource::kBpf);
  ASSERT_EQ(snapshot.processes.size(), 3U);
  EXPECT_EQ(snapshot.processes.front().pid, Pid{7});
  EXPECT_EQ(snapshot.processes.back().pid, Pid{99});
}

TEST_F(RecordCollector, ThreadsPastTheBoundsAreUnread) {
  records_.threads_left[42] = 5;
  record().threads = 6;
  world_.AddProcess("42", {.pid = 42, .threads = 6, .image = 1});
  collector_.reset();
  collector_.emplace(world_.OpenAll(), KeepOptions{},
                     Tasks{.records = [this](const RecordBounds&) { return records_; }});
  const Snapshot snapshot = LookAt(0);
  EXPECT_EQ(snapshot.processes.front().threads_unread, 5U);
}

}  // namespace
}  // namespace hullmark
