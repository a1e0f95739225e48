// SPDX-License-Identifier: Apache-2.0
#include "agent/collect/filters.h"

#include <gtest/gtest.h>
#include <sys/types.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "agent/bpf/filter_memory.h"
#include "agent/bpf/filter_reader.h"
#include "agent/bpf/filter_record.h"
#include "hullmark/facts.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

constexpr std::uint64_t kStart = 1234;  // Ticks.
constexpr std::size_t kMany = 100;

CopiedFilter Copy(FilterCode code, std::vector<std::uint64_t> native = {}) {
  CopiedFilter copy = {.native = std::move(native)};
  if (!code.empty()) copy.code = std::make_shared<const FilterCode>(std::move(code));
  return copy;
}

// Processes of a look, and what was copied for them.
struct Host {
  Snapshot snapshot;
  FilterRecords records;

  Process& AddProcess(int pid, std::uint16_t filters) {
    Process process;
    process.pid = Pid{pid};
    process.stat.start = BootTicks{kStart};
    process.leader.status = ProcStatus{};
    process.leader.status->seccomp = filters == 0 ? SeccompMode::kOff : SeccompMode::kFilter;
    process.leader.status->seccomp_filters = filters;
    snapshot.processes.push_back(process);
    return snapshot.processes.back();
  }

  FilteredTask& AddTask(int tid, int tgid, std::uint64_t filter, std::uint32_t filters = 1) {
    records.tasks.push_back({.start = kStart * 10'000'000 + 5,
                             .filter = filter,
                             .tid = tid,
                             .tgid = tgid,
                             .filters = filters,
                             .padding = 0});
    return records.tasks.back();
  }

  void AddStack(std::uint64_t newest, std::vector<const CopiedFilter*> filters) {
    records.stacks.push_back({.newest = newest, .filters = std::move(filters)});
  }

  void Join(std::size_t most_threads = kMany) { AddFilters(records, most_threads, snapshot); }

  const Fact<SeccompFiltersIndex>& FiltersOf(std::size_t process) const {
    return snapshot.processes[process].leader.filters;
  }
};

const Fact<SeccompFiltersIndex> kFirst = SeccompFiltersIndex{0};
const Fact<SeccompFiltersIndex> kSecond = SeccompFiltersIndex{1};

TEST(AddFilters, TellsWhichATaskHas) {
  const CopiedFilter outer = Copy({1, 2});
  const CopiedFilter inner = Copy({3}, {7, 8});
  Host host;
  host.AddProcess(10, 2);
  host.AddTask(10, 10, 0x20, 2);
  host.AddStack(0x20, {&inner, &outer});
  host.Join();
  EXPECT_EQ(host.FiltersOf(0), kFirst);
  ASSERT_EQ(host.snapshot.seccomp_programs.size(), 2U);
  EXPECT_EQ(host.snapshot.seccomp_programs[0].instructions, (FilterCode{3}));
  const SeccompFilters& row = host.snapshot.seccomp_filters.front();
  EXPECT_EQ(row.programs, (std::vector{SeccompProgramIndex{0}, SeccompProgramIndex{1}}));
  EXPECT_EQ(row.permitted, (PermittedNumbers{7, 8})) << "of the newest one";
  EXPECT_EQ(row.permitted_compat, Missing(ErrorCode::kNotFound));
}

TEST(AddFilters, GivesEqualFiltersOneRow) {
  const auto code = std::make_shared<const FilterCode>(FilterCode{1});
  const CopiedFilter one = {.code = code};
  const CopiedFilter same = {.code = code};
  const CopiedFilter other = Copy({2});
  Host host;
  for (const int pid : {10, 11, 12}) host.AddProcess(pid, 1);
  host.AddTask(10, 10, 0x10);
  host.AddTask(11, 11, 0x11);
  host.AddTask(12, 12, 0x12);
  host.AddStack(0x10, {&one});
  host.AddStack(0x11, {&same});
  host.AddStack(0x12, {&other});
  host.Join();
  EXPECT_EQ(host.FiltersOf(0), kFirst);
  EXPECT_EQ(host.FiltersOf(1), kFirst);
  EXPECT_EQ(host.FiltersOf(2), kSecond);
  EXPECT_EQ(host.snapshot.seccomp_programs.size(), 2U);
}

TEST(AddFilters, SaysNothingOfTasksWithoutAny) {
  Host host;
  host.AddProcess(10, 0);
  host.AddProcess(11, 1).leader.status = Missing(ErrorCode::kDenied);
  host.Join();
  EXPECT_EQ(host.FiltersOf(0), Missing(ErrorCode::kNotRead));
  EXPECT_EQ(host.FiltersOf(1), Missing(ErrorCode::kNotRead));
}

TEST(AddFilters, BelievesNoRecordOfAnotherMoment) {
  const CopiedFilter copy = Copy({1});
  Host host;
  for (const int pid : {10, 11, 12, 13}) host.AddProcess(pid, 1);
  host.AddTask(10, 10, 0x10).start += 10'000'000;  // A later process of that number.
  host.AddTask(11, 11, 0x10, 2);                   // It has added one.
  host.AddTask(12, 12, 0x10);
  host.AddStack(0x10, {&copy});
  host.Join();
  EXPECT_EQ(host.FiltersOf(0), Missing(ErrorCode::kVanished));
  EXPECT_EQ(host.FiltersOf(1), Missing(ErrorCode::kVanished));
  EXPECT_EQ(host.FiltersOf(2), kFirst);
  EXPECT_EQ(host.FiltersOf(3), Missing(ErrorCode::kVanished)) << "it has no record";
}

TEST(AddFilters, SaysWhatWasNotCopied) {
  const CopiedFilter with = Copy({1});
  const CopiedFilter without = Copy({}, {7});
  Host host;
  host.AddProcess(10, 1);
  host.AddProcess(11, 2);
  host.AddTask(10, 10, 0x10);
  host.AddTask(11, 11, 0x20, 2);
  host.AddStack(0x10, {});
  host.AddStack(0x20, {&with, &without});
  host.Join();
  EXPECT_EQ(host.FiltersOf(0), Missing(ErrorCode::kTruncated));
  EXPECT_EQ(host.FiltersOf(1), kFirst);
  EXPECT_EQ(host.snapshot.seccomp_filters[0].programs, Missing(ErrorCode::kUnsupported));
}

// ---- threads ----

class Threads : public testing::Test {
 protected:
  Threads() {
    host_.AddProcess(10, 1);
    host_.AddTask(10, 10, 0x10);
    host_.AddStack(0x10, {&leaders_});
    host_.AddStack(0x20, {&other_});
  }

  CopiedFilter leaders_ = Copy({1}), other_ = Copy({2});
  Host host_;
};

TEST_F(Threads, ThatDifferGetARecord) {
  host_.AddTask(11, 10, 0x20);
  host_.Join();
  ASSERT_EQ(host_.snapshot.threads.size(), 1U);
  EXPECT_EQ(host_.snapshot.threads[0].tid, Pid{11});
  EXPECT_EQ(host_.snapshot.threads[0].task.filters, kSecond);
  EXPECT_EQ(host_.FiltersOf(0), kFirst);
}

TEST_F(Threads, ThatHaveEqualFiltersGetNone) {
  const CopiedFilter same = {.code = leaders_.code};
  host_.records.stacks[1].filters = {&same};
  host_.AddTask(11, 10, 0x20);
  host_.Join();
  EXPECT_TRUE(host_.snapshot.threads.empty());
}

TEST_F(Threads, WithRecordsAreTold) {
  Task task = host_.snapshot.processes[0].leader;
  task.status->no_new_privs = true;
  host_.snapshot.threads = {{.process = {}, .tid = Pid{11}, .task = task},
                            {.process = {}, .tid = Pid{13}, .task = task}};
  host_.AddTask(12, 10, 0x20);
  host_.AddTask(13, 10, 0x20);
  host_.Join();
  ASSERT_EQ(host_.snapshot.threads.size(), 3U);
  EXPECT_EQ(host_.snapshot.threads[0].task.filters, kFirst) << "as its leader";
  EXPECT_EQ(host_.snapshot.threads[1].tid, Pid{12}) << "in their order";
  EXPECT_EQ(host_.snapshot.threads[2].task.filters, kSecond);
}

TEST_F(Threads, PastTheBoundAreUnread) {
  host_.AddTask(11, 10, 0x20);
  host_.AddTask(12, 10, 0x20);
  host_.Join(1);
  EXPECT_EQ(host_.snapshot.threads.size(), 1U);
  EXPECT_EQ(host_.snapshot.processes[0].threads_unread, 1U);
}

TEST_F(Threads, StandInForALeaderThatHasEnded) {
  host_.records.tasks = {};
  host_.AddTask(11, 10, 0x20);
  host_.Join();
  EXPECT_EQ(host_.FiltersOf(0), kFirst);
  EXPECT_TRUE(host_.snapshot.threads.empty());
}

TEST(DenyFilters, SaysSoOfThoseThatHaveAny) {
  Host host;
  host.AddProcess(10, 1);
  host.AddProcess(11, 0);
  host.snapshot.threads = {
      {.process = {}, .tid = Pid{12}, .task = host.snapshot.processes[0].leader}};
  EXPECT_EQ(DenyFilters({.code = ErrorCode::kDenied}, host.snapshot), 2U);
  EXPECT_EQ(host.FiltersOf(0), Missing(ErrorCode::kDenied));
  EXPECT_EQ(host.FiltersOf(1), Missing(ErrorCode::kNotRead));
  EXPECT_EQ(host.snapshot.threads[0].task.filters, Missing(ErrorCode::kDenied));
}

}  // namespace
}  // namespace hullmark
