// SPDX-License-Identifier: Apache-2.0
// What two sources tell of the same processes, and when that counts as a difference.
#include "agent/collect/compare_sources.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "agent/bpf/task_iterator.h"
#include "agent/bpf/task_record.h"
#include "agent/collect/compare_tasks.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"
#include "tests/unit/collect/record_world.h"
#include "tests/unit/collect/world.h"

namespace hullmark {
namespace {

class CompareSourcesTest : public testing::Test {
 protected:
  CompareSourcesTest() {
    AddOwnProcess(world_);
    for (const int pid : {42, 43}) AddRecordedProcess(world_, pid);
  }

  // `change` is what the records say of process 42, at each reading.
  TaskComparison Compared(const std::function<void(TaskRecord&)>& change) {
    auto compared = CompareSources(world_.OpenAll(), world_.options, [&](const RecordBounds&) {
      ++readings_;
      TaskRecords records;
      records.leaders = {RecordOf(42), RecordOf(43)};
      change(records.leaders.front());
      return Result<TaskRecords>(records);
    });
    EXPECT_TRUE(compared.has_value());
    return compared.value_or(TaskComparison{});
  }

  CollectWorld world_;
  int readings_ = 0;
};

TEST_F(CompareSourcesTest, FindsNothingWhereBothSayTheSame) {
  const TaskComparison compared = Compared([](TaskRecord&) {});
  EXPECT_TRUE(compared.differences.empty());
  EXPECT_EQ(compared.processes, 2U);
  EXPECT_EQ(compared.restless, 0U);
  EXPECT_EQ(readings_, 1);
}

TEST_F(CompareSourcesTest, NamesTheField) {
  struct Case {
    std::string_view field;
    void (*change)(TaskRecord& record);
  };
  for (const auto& [field, change] : std::vector<Case>{
           {"CapInh", [](TaskRecord& record) { record.inheritable = 1; }},
           {"CapPrm", [](TaskRecord& record) { record.permitted = 1; }},
           {"CapEff", [](TaskRecord& record) { record.effective = 1; }},
           {"CapBnd", [](TaskRecord& record) { record.bounding = 1; }},
           {"CapAmb", [](TaskRecord& record) { record.ambient = 1; }},
           {"Uid", [](TaskRecord& record) { record.fsuid = 1; }},
           {"Gid", [](TaskRecord& record) { record.sgid = 1; }},
           {"Groups", [](TaskRecord& record) { record.group_count = 1; }},
           {"NSpid", [](TaskRecord& record) { record.innermost_pid = 1; }},
           {"NSpid (numbers)", [](TaskRecord& record) { record.pid_level = 1; }},
           {"NoNewPrivs", [](TaskRecord& record) { record.no_new_privs = 1; }},
           {"Seccomp", [](TaskRecord& record) { record.seccomp = 2; }},
           {"ns/net", [](TaskRecord& record) { record.namespaces[2] = 1; }},
           {"PPid", [](TaskRecord& record) { record.parent = 7; }},
           {"flags", [](TaskRecord& record) { record.flags = 0x40; }},
           {"limits", [](TaskRecord& record) { record.core.soft = 0; }},
           {"oom_score_adj", [](TaskRecord& record) { record.oom_score_adj = -1000; }},
       }) {
    const TaskComparison compared = Compared(change);
    ASSERT_EQ(compared.differences.size(), 1U) << field;
    EXPECT_EQ(compared.differences.front().field, field);
    EXPECT_EQ(compared.differences.front().pid, Pid{42});
    EXPECT_NE(compared.differences.front().bpf, compared.differences.front().proc);
  }
}

TEST_F(CompareSourcesTest, NamesAProcessOfTheNamespaceWhoseMapsDiffer) {
  const auto compared = CompareSources(world_.OpenAll(), world_.options, [](const RecordBounds&) {
    TaskRecords records;
    for (const int pid : {42, 43}) {
      records.leaders.push_back(RecordOf(pid));
      records.leaders.back().uid_map.extents[0].outside = 100'000;
    }
    return Result<TaskRecords>(records);
  });
  ASSERT_TRUE(compared.has_value());
  ASSERT_EQ(compared->differences.size(), 1U);
  EXPECT_EQ(compared->differences.front().field, "uid_map");
  EXPECT_EQ(compared->differences.front().pid, Pid{42});
}

TEST_F(CompareSourcesTest, ForgetsWhatDifferedForAMoment) {
  const TaskComparison compared = Compared([&](TaskRecord& record) {
    if (readings_ == 1) record.effective = 1;
  });
  EXPECT_TRUE(compared.differences.empty());
  EXPECT_EQ(compared.restless, 0U);
  EXPECT_EQ(readings_, 2);
}

TEST_F(CompareSourcesTest, CountsWhatIsNeverTheSameTwice) {
  const TaskComparison compared =
      Compared([&](TaskRecord& record) { record.effective = static_cast<unsigned>(readings_); });
  EXPECT_TRUE(compared.differences.empty());
  EXPECT_EQ(compared.restless, 1U);
}

TEST_F(CompareSourcesTest, TellsWhatStaysAmongWhatMoves) {
  const TaskComparison compared = Compared([&](TaskRecord& record) {
    record.effective = static_cast<unsigned>(readings_);
    record.bounding = 1;
  });
  ASSERT_EQ(compared.differences.size(), 1U);
  EXPECT_EQ(compared.differences.front().field, "CapBnd");
  EXPECT_EQ(compared.restless, 1U);
}

Process ProcessOf(int pid) {
  Process process;
  process.pid = Pid{pid};
  return process;
}

// Compare has both looks as they are: the permissions of a tree do not keep root out.
TEST(CompareTasks, AFactThatIsDeniedToOneIsNoDifference) {
  Snapshot bpf;
  Snapshot proc;
  bpf.processes = proc.processes = {ProcessOf(42)};
  bpf.processes.front().oom_score_adj = std::int16_t{5};
  proc.processes.front().oom_score_adj = Missing(ErrorCode::kDenied, EACCES);
  const TaskComparison compared = CompareTasks(bpf, proc, false);
  EXPECT_TRUE(compared.differences.empty());
  EXPECT_EQ(compared.one_sided, 1U);
  proc.processes.front().oom_score_adj = Missing(ErrorCode::kNotFound, ENOENT);
  EXPECT_EQ(CompareTasks(bpf, proc, false).differences.size(), 1U);
}

TEST(CompareTasks, AProcessThatOneDoesNotHaveIsADifference) {
  Snapshot bpf;
  Snapshot proc;
  bpf.processes = {ProcessOf(1), ProcessOf(3)};
  proc.processes = {ProcessOf(2), ProcessOf(3)};
  const TaskComparison compared = CompareTasks(bpf, proc, false);
  ASSERT_EQ(compared.differences.size(), 2U);
  EXPECT_EQ(compared.differences[0].pid, Pid{1});
  EXPECT_EQ(compared.differences[0].proc, "absent");
  EXPECT_EQ(compared.differences[1].pid, Pid{2});
  EXPECT_EQ(compared.differences[1].bpf, "absent");
  // Of a sample, what is not in it says nothing.
  EXPECT_EQ(CompareTasks(bpf, proc, true).differences.size(), 1U);
}

TEST(CompareTasks, ThreadsAreCompared) {
  Snapshot bpf;
  Snapshot proc;
  bpf.processes = proc.processes = {ProcessOf(42)};
  bpf.threads = {{.process = ProcessIndex{0}, .tid = Pid{43}, .task = {}}};
  proc.threads = {{.process = ProcessIndex{0}, .tid = Pid{44}, .task = {}}};
  const TaskComparison compared = CompareTasks(bpf, proc, false);
  ASSERT_EQ(compared.differences.size(), 2U);
  EXPECT_EQ(compared.differences[0].tid, Pid{43});
  EXPECT_EQ(compared.differences[1].tid, Pid{44});
  proc.threads.front().tid = Pid{43};
  EXPECT_EQ(CompareTasks(bpf, proc, false).threads, 1U);
  EXPECT_TRUE(CompareTasks(bpf, proc, false).differences.empty());
}

TEST_F(CompareSourcesTest, GivesUpWhereRecordsCannotBeRead) {
  const auto compared = CompareSources(
      world_.OpenAll(), world_.options,
      [](const RecordBounds&) -> Result<TaskRecords> { return Fail(ErrorCode::kIo, "detached"); });
  ASSERT_FALSE(compared.has_value());
  EXPECT_EQ(compared.error().message, "detached");
}

}  // namespace
}  // namespace hullmark
