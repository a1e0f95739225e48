// SPDX-License-Identifier: Apache-2.0
#include "agent/watch/rights_pass.h"

#include <gtest/gtest.h>

#include <vector>

#include "agent/bpf/task_record.h"

namespace hullmark {
namespace {

TaskRecord Task(int tid, int parent = 1, unsigned long long effective = 0) {
  TaskRecord record = {};
  record.tid = record.tgid = tid;
  record.parent = parent;
  record.start = 1'000ULL + static_cast<unsigned long long>(tid);
  record.effective = effective;
  record.known = kKnowsNamespaces | kKnowsImage;
  return record;
}

bool See(RightsPass& pass, const std::vector<TaskRecord>& tasks) {
  for (const TaskRecord& task : tasks) pass.Take(task);
  return pass.End();
}

TEST(RightsPass, TheFirstPassIsNoNews) {
  RightsPass pass;
  EXPECT_FALSE(See(pass, {Task(1), Task(7)}));
  EXPECT_FALSE(See(pass, {Task(1), Task(7)}));
}

TEST(RightsPass, EachRightCounts) {
  const std::vector<void (*)(TaskRecord&)> changes = {
      [](TaskRecord& task) { task.effective = 1; },
      [](TaskRecord& task) { task.permitted = 1; },
      [](TaskRecord& task) { task.inheritable = 1; },
      [](TaskRecord& task) { task.bounding = 1; },
      [](TaskRecord& task) { task.ambient = 1; },
      [](TaskRecord& task) { task.uid = 1; },
      [](TaskRecord& task) { task.euid = 1; },
      [](TaskRecord& task) { task.suid = 1; },
      [](TaskRecord& task) { task.fsgid = 1; },
      [](TaskRecord& task) { task.no_new_privs = 1; },
      [](TaskRecord& task) { task.seccomp = 2; },
      [](TaskRecord& task) { task.seccomp_filters = 2; },
      [](TaskRecord& task) { task.namespaces[0] = 5; },
      [](TaskRecord& task) { task.namespaces[kRecordNamespaces - 1] = 5; },
      [](TaskRecord& task) { task.group_count = 1; }};
  for (const auto change : changes) {
    RightsPass pass;
    See(pass, {Task(1), Task(7)});
    TaskRecord changed = Task(7);
    change(changed);
    EXPECT_TRUE(See(pass, {Task(1), changed}));
    EXPECT_FALSE(See(pass, {Task(1), changed}));
  }
}

TEST(RightsPass, WhatSaysNothingOfRightsDoesNot) {
  RightsPass pass;
  See(pass, {Task(1), Task(7)});
  TaskRecord busy = Task(7);
  busy.threads = 9;
  busy.state = 1;
  busy.oom_score_adj = 5;
  EXPECT_FALSE(See(pass, {Task(1), busy}));
}

TEST(RightsPass, AChildWithItsParentsRightsIsNoNewsOneWithOthersIs) {
  RightsPass pass;
  See(pass, {Task(1), Task(7)});
  EXPECT_FALSE(See(pass, {Task(1), Task(7), Task(8, 7)}));
  EXPECT_TRUE(See(pass, {Task(1), Task(7), Task(8, 7), Task(9, 7, 1)}));
}

// Its number was given away between two passes.
TEST(RightsPass, AnotherProcessOfTheSameNumberIsAnother) {
  RightsPass pass;
  See(pass, {Task(1), Task(7, 1, 3)});
  TaskRecord other = Task(7);
  other.start = 9'999;
  EXPECT_FALSE(See(pass, {Task(1), other}));
}

TEST(RightsPass, AThreadThatDiffersIsNewsOnce) {
  RightsPass pass;
  See(pass, {Task(1), Task(7)});
  TaskRecord thread = Task(8, 1, 3);
  thread.tgid = 7;
  EXPECT_TRUE(See(pass, {Task(1), Task(7), thread}));
  EXPECT_FALSE(See(pass, {Task(1), Task(7), thread}));
}

TEST(RightsPass, WhoHasEndedDoesNotCount) {
  RightsPass pass;
  See(pass, {Task(1), Task(7)});
  TaskRecord zombie = Task(7, 1, 3);
  zombie.exit_state = 32;
  EXPECT_FALSE(See(pass, {Task(1), zombie}));
}

}  // namespace
}  // namespace hullmark
