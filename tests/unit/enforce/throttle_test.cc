// SPDX-License-Identifier: Apache-2.0
#include "agent/enforce/throttle.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "agent/enforce/limit_change.h"
#include "agent/enforce/recheck.h"
#include "hullmark/policy.h"
#include "tests/unit/enforce/host_tree.h"

namespace hullmark {
namespace {

constexpr Throttle kAll = {.cpu_permille = 100,
                           .pids = PidsCap{.above_current = true, .count = 8},
                           .memory_high_permille = 800,
                           .io_bytes = 1U << 20};

// "file device: former -> value" of each change.
std::vector<std::string> Words(const ThrottlePlan& plan) {
  std::vector<std::string> words;
  for (const LimitChange& change : plan.changes) {
    words.push_back(change.file + " " + change.device + ": " + change.former + " -> " +
                    change.value);
  }
  return words;
}

using Texts = std::vector<std::string>;

TEST(PlanThrottleTest, OfOneHierarchy) {
  HostTree tree;
  const ThrottlePlan plan = PlanThrottle(kAll, tree.Unified());
  EXPECT_EQ(Words(plan), (Texts{"cpu.max : max 100000 -> 10000 100000", "pids.max : max -> 20",
                                "memory.high : max -> 83886080",
                                "io.max 8:0: rbps=max wbps=max -> rbps=1048576 wbps=1048576"}));
  EXPECT_EQ(plan.notes, Texts{});
}

TEST(PlanThrottleTest, OfManyHierarchies) {
  HostTree tree;
  const ThrottlePlan plan = PlanThrottle(kAll, tree.Separate());
  EXPECT_EQ(Words(plan), (Texts{"cpu.cfs_quota_us : -1 -> 10000", "pids.max : max -> 11",
                                "memory.soft_limit_in_bytes : 9223372036854771712 -> 858992640",
                                "blkio.throttle.read_bps_device 8:0: 0 -> 1048576"}));
  EXPECT_EQ(plan.notes, Texts{"io: it is tighter already"});
}

TEST(PlanThrottleTest, NothingIsLoosened) {
  HostTree tree;
  const Confirmed confirmed = tree.Unified();
  tree.Write(confirmed.places->own, "cpu.max", "10000 100000");
  tree.Write(confirmed.places->own, "pids.max", "20");
  tree.Write(confirmed.places->own, "memory.high", "4096");
  tree.Write(confirmed.places->own, "io.max", "8:0 rbps=4096 wbps=max riops=max wiops=max");
  const ThrottlePlan plan = PlanThrottle(kAll, confirmed);
  EXPECT_EQ(Words(plan), Texts{"io.max 8:0: rbps=4096 wbps=max -> rbps=4096 wbps=1048576"});
  EXPECT_EQ(plan.notes.size(), 3U);
}

TEST(PlanThrottleTest, WhatIsNotThereIsSaid) {
  HostTree tree;
  Confirmed confirmed = tree.Unified();
  confirmed.places->cpu.reset();
  confirmed.places->pids->place.inode += 1;
  const ThrottlePlan plan =
      PlanThrottle({.cpu_permille = 100, .pids = PidsCap{.count = 5}}, confirmed);
  EXPECT_EQ(Words(plan), Texts{});
  EXPECT_EQ(plan.notes, (Texts{"cpu: no cgroup of its own has the controller",
                               "pids: " + tree.Path("web") + ": another cgroup is in its place"}));
}

}  // namespace
}  // namespace hullmark
