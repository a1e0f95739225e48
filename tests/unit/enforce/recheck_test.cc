// SPDX-License-Identifier: Apache-2.0
#include "agent/enforce/recheck.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "agent/enforce/limit_change.h"
#include "agent/enforce/plan.h"
#include "agent/evaluate/evaluate.h"
#include "hullmark/action.h"
#include "hullmark/check.h"
#include "hullmark/glob.h"
#include "hullmark/ids.h"
#include "hullmark/policy.h"
#include "hullmark/report.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"
#include "tests/unit/enforce/scene.h"

namespace hullmark {
namespace {

// A container of two processes, of which the second fails.
class RecheckTest : public testing::Test {
 protected:
  RecheckTest() {
    scene_.AddContainer("web");
    scene_.AddProcess(0);
    scene_.world.AddControl(Scope::kProcess, kHighPrice, {Passes(), Fails()});
    scene_.policy = PolicyOf({{.kind = ActionKind::kKillProcess}});
    action_ = scene_.PlanAt(1'000'000, {}).actions.at(0);
  }

  Result<Confirmed> Look() {
    const Report report = Evaluate(scene_.world.snapshot, scene_.world.benchmark, {});
    return Recheck({.snapshot = scene_.world.snapshot,
                    .benchmark = scene_.world.benchmark,
                    .report = report,
                    .policy = scene_.policy,
                    .infrastructure = scene_.infrastructure,
                    .self = Scene::kSelf},
                   action_);
  }

  std::string WhatDiffers() {
    const auto confirmed = Look();
    return confirmed ? "" : confirmed.error().message;
  }

  Container& Web() { return scene_.world.snapshot.containers[0]; }

  Scene scene_;
  Action action_;
};

TEST_F(RecheckTest, TheSameIsConfirmedWithItsPlaces) {
  const auto confirmed = Look();
  ASSERT_TRUE(confirmed) << confirmed.error().message;
  ASSERT_TRUE(confirmed->places);
  EXPECT_EQ(confirmed->places->own,
            (CgroupPlace{.directory = "/sys/fs/cgroup/docker/web", .inode = 1002}));
}

TEST_F(RecheckTest, EveryDifferenceIsDoubt) {
  const std::vector<std::pair<std::function<void()>, std::string>> cases = {
      {[&] { scene_.At(ProcessIndex{0}).stat.start = BootTicks{999}; }, "the container is gone"},
      {[&] { scene_.At(ProcessIndex{0}).pid = Pid{99}; }, "the container is gone"},
      {[&] { Web().init.reset(); }, "the container is gone"},
      {[&] { scene_.policy.rules[0].name = "other"; }, "there is no such rule any more"},
      {[&] { scene_.policy.rules[0].mode = EnforceMode::kDryRun; },
       "the rule does not act any more"},
      {[&] { scene_.policy.rules[0].steps[0].kind = ActionKind::kKill; },
       "the rule has another step by now"},
      {[&] { scene_.policy.rules[0].steps.clear(); }, "the rule has another step by now"},
      {[&] { scene_.policy.rules[0].controls = {Glob("C-1")}; },
       "the rule is not about C-0 any more"},
      {[&] { scene_.policy.rules[0].severity = Severity::kCritical; },
       "C-0 is not severe enough any more"},
      {[&] { scene_.policy.rules[0].classes = {ContainerClass::kVm}; },
       "the rule does not mean the container any more"},
      {[&] { scene_.AddStranger("/docker/web/below"); },
       "its cgroup /docker/web holds processes of others"},
      {[&] {
         scene_.world.benchmark.controls.clear();
         scene_.world.AddControl(Scope::kProcess, kHighPrice, {Passes(), Passes()});
       },
       "C-0 does not fail any more"},
      {[&] {
         scene_.world.benchmark.controls.clear();
         scene_.world.AddControl(Scope::kProcess, kHighPrice, {Fails(), Passes()});
       },
       "the process does not fail C-0 any more"},
      {[&] { scene_.At(ProcessIndex{1}).stat.start = BootTicks{999}; },
       "the process is not the container's any more"},
      {[&] { Web().members[1].outside_cgroup = true; },
       "the process is not in the container's cgroup"},
      {[&] {
         auto& cgroups = scene_.world.snapshot.cgroups;
         cgroups[static_cast<std::size_t>(*Web().cgroup)].inode = 77;
       },
       "it is in another cgroup"},
      {[&] {
         auto& cgroups = scene_.world.snapshot.cgroups;
         cgroups[static_cast<std::size_t>(*Web().cgroup)].deleted = true;
       },
       "it is in another cgroup"},
      {[&] { Web().cgroup.reset(); }, "it has no cgroup of its own any more"}};
  for (const auto& [change, expected] : cases) {
    scene_ = Scene();
    scene_.AddContainer("web");
    scene_.AddProcess(0);
    scene_.world.AddControl(Scope::kProcess, kHighPrice, {Passes(), Fails()});
    scene_.policy = PolicyOf({{.kind = ActionKind::kKillProcess}});
    EXPECT_EQ(WhatDiffers(), "");
    change();
    EXPECT_EQ(WhatDiffers(), expected);
  }
}

}  // namespace
}  // namespace hullmark
