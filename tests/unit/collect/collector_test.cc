// SPDX-License-Identifier: Apache-2.0
#include "agent/collect/collector.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"
#include "tests/unit/collect/world.h"

namespace hullmark {
namespace {

constexpr Timestamp At(std::int64_t second) { return Timestamp{second * 1'000'000'000}; }

// Processes in plain files, which run when the test says so.
class PlainCollector : public testing::Test {
 protected:
  PlainCollector() {
    Add({.pid = 42, .image = 1});
    Run(42, 1);
    collector_.emplace(world_.OpenAll());
  }

  void Add(const ProcFiles& process) {
    const std::string name = std::to_string(process.pid);
    world_.AddProcess(name, process);
    world_.tree.Link("proc/" + name + "/exe", "/bin/app");
    world_.tree.Write("proc/" + name + "/oom_score_adj", "0\n");
    world_.tree.Write("proc/" + name + "/limits", LimitsOf(1024));
  }

  // How often it was given a CPU until now.
  void Run(int pid, int slices) {
    world_.tree.Write("proc/" + std::to_string(pid) + "/schedstat",
                      "100 0 " + std::to_string(slices) + "\n");
  }

  static std::string LimitsOf(int files) {
    std::string text;
    for (const char* const name :
         {"Max core file size", "Max processes", "Max open files", "Max locked memory"}) {
      text += std::string(name) + " " + std::to_string(files) + " 4096 units\n";
    }
    return text;
  }

  Snapshot LookAt(int second) {
    world_.options.now = At(1'000'000 + second);
    auto snapshot = collector_->Look(world_.options);
    EXPECT_TRUE(snapshot.has_value());
    return std::move(*snapshot);
  }

  static std::uint64_t FilesOf(const Snapshot& snapshot) {
    const auto at = snapshot.processes.front().rlimits;
    return snapshot.rlimits[static_cast<std::size_t>(*at)].nofile.soft.value();
  }

  CollectWorld world_;
  std::optional<Collector> collector_;
};

TEST_F(PlainCollector, TakesOverWhatHasNotRun) {
  const Snapshot first = LookAt(0);
  const Snapshot second = LookAt(1);
  EXPECT_EQ(collector_->counts().still, 1U);
  ASSERT_EQ(second.processes.size(), 1U);
  const Process& then = first.processes.front();
  const Process& now = second.processes.front();
  EXPECT_EQ(now.leader.status, then.leader.status);
  EXPECT_EQ(now.leader.namespaces, then.leader.namespaces);
  EXPECT_EQ(now.stat, then.stat);
  EXPECT_EQ(second.Text(second.At(*now.executable).path), "/bin/app");
  EXPECT_EQ(FilesOf(second), 1024U);
}

TEST_F(PlainCollector, ReadsStatusOfWhatHasRun) {
  LookAt(0);
  Add({.pid = 42, .effective = "0000000000000001", .image = 1});
  const Snapshot unseen = LookAt(1);  // No kernel changes this of one that has not run.
  EXPECT_TRUE(unseen.processes.front().leader.status->effective.empty());
  Run(42, 2);
  const Snapshot seen = LookAt(2);
  EXPECT_EQ(collector_->counts().again, 1U);
  EXPECT_FALSE(seen.processes.front().leader.status->effective.empty());
}

TEST_F(PlainCollector, ReadsAllOfAnotherProgram) {
  LookAt(0);
  Add({.pid = 42, .image = 2});
  Run(42, 2);
  world_.tree.Link("proc/42/exe", "/bin/other");
  const Snapshot seen = LookAt(1);
  EXPECT_EQ(collector_->counts().whole, 1U);
  EXPECT_EQ(seen.Text(seen.At(*seen.processes.front().executable).path), "/bin/other");
}

TEST_F(PlainCollector, WithoutPtraceAccessAnExecCannotBeRuledOut) {
  Add({.pid = 42, .image = 0});
  LookAt(0);
  Run(42, 2);
  LookAt(1);
  EXPECT_EQ(collector_->counts().whole, 1U);
}

TEST_F(PlainCollector, WhereTheKernelDoesNotCountEveryOneMayHaveRun) {
  Run(42, 0);
  LookAt(0);
  LookAt(1);
  EXPECT_EQ(collector_->counts().again, 1U);
}

TEST_F(PlainCollector, WhatOthersChangeIsReadInItsTurn) {
  LookAt(0);
  world_.tree.Write("proc/42/limits", LimitsOf(2048));
  std::vector<std::uint64_t> seen;
  for (int second = 15; second <= 300; second += 15) seen.push_back(FilesOf(LookAt(second)));
  EXPECT_EQ(seen.back(), 2048U);
}

TEST_F(PlainCollector, ACgroupIsReadEachTime) {
  LookAt(0);
  world_.tree.Write("proc/42/cgroup", "0::/moved\n");
  const Snapshot seen = LookAt(1);
  EXPECT_EQ(collector_->counts().still, 1U);
  const auto& cgroups = seen.At(*seen.processes.front().leader.cgroup).cgroups;
  EXPECT_EQ(seen.Text(seen.At(cgroups.front()).path), "/moved");
}

TEST_F(PlainCollector, AnOrphanHasAnotherParentWithoutRunning) {
  Add({.pid = 7, .image = 1});
  Run(7, 1);
  Add({.pid = 42, .parent = 7, .image = 1});
  LookAt(0);
  world_.tree.Remove("proc/7");
  Add({.pid = 42, .parent = 1, .image = 1});
  const Snapshot seen = LookAt(1);
  EXPECT_EQ(collector_->counts().still, 1U);
  EXPECT_EQ(seen.processes.front().stat.parent, 1);
}

TEST_F(PlainCollector, AnotherProcessOfTheSameNumberIsRead) {
  LookAt(0);
  world_.tree.Remove("proc/42");
  world_.tree.MakeDirectory("proc/other");  // So that the directory gets another inode.
  Add({.pid = 42, .start = 2000, .effective = "0000000000000001", .image = 1});
  Run(42, 1);
  const Snapshot seen = LookAt(1);
  EXPECT_FALSE(seen.processes.front().leader.status->effective.empty());
}

TEST_F(PlainCollector, EqualFactsShareARowWhetherReadOrTakenOver) {
  LookAt(0);
  Add({.pid = 43, .image = 1});
  Run(43, 1);
  const Snapshot seen = LookAt(1);
  ASSERT_EQ(seen.processes.size(), 2U);
  EXPECT_EQ(seen.processes[0].leader.status->groups, seen.processes[1].leader.status->groups);
  EXPECT_EQ(seen.processes[0].executable, seen.processes[1].executable);
  EXPECT_EQ(seen.rlimits.size(), 1U);
}

TEST(KeepOptions, TakesAtMostHalfOfTheDescriptors) {
  for (const std::size_t descriptors : {0U, 1U, 100U, 1'024U, 100'000U}) {
    const KeepOptions options = Within(descriptors, {});
    EXPECT_LE(2 * options.most_mount_namespaces + options.most_limit_files, descriptors / 2);
  }
  EXPECT_EQ(Within(100'000, {}).most_limit_files, KeepOptions{}.most_limit_files);
}

}  // namespace
}  // namespace hullmark
