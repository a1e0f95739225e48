// SPDX-License-Identifier: Apache-2.0
#include "agent/enforce/plan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "agent/enforce/history.h"
#include "agent/evaluate/evaluate.h"
#include "hullmark/action.h"
#include "hullmark/check.h"
#include "hullmark/glob.h"
#include "hullmark/ids.h"
#include "hullmark/policy.h"
#include "hullmark/report.h"
#include "hullmark/snapshot.h"
#include "tests/unit/enforce/scene.h"

namespace hullmark {
namespace {

constexpr std::int64_t kNow = 1'000'000;
const Step kNotify = {.kind = ActionKind::kNotify, .next_after = 1'000};
const Step kThrottle = {
    .kind = ActionKind::kThrottle, .throttle = {.cpu_permille = 100}, .next_after = 60'000};
const Step kKill = {.kind = ActionKind::kKill, .grace = 0, .next_after = 1'000};
const Step kKillProcess = {.kind = ActionKind::kKillProcess, .next_after = 1'000};

// Containers named c0, c1 ... of one process each; what C-0 says of them in turn.
Scene SceneOf(const std::vector<Verdict>& says, std::vector<Step> steps) {
  Scene scene;
  scene.policy = PolicyOf(std::move(steps));
  scene.policy.budget = {.actions = 100, .per = 600'000, .containers_permille = 1000};
  for (std::size_t at = 0; at < says.size(); ++at) scene.AddContainer("c" + std::to_string(at));
  scene.world.AddControl(Scope::kProcess, kHighPrice, says);
  return scene;
}

// "kind container" of each.
std::vector<std::string> Words(const Planned& planned) {
  std::vector<std::string> words;
  for (const Action& action : planned.actions) {
    words.push_back(std::string(NameOf(action.step.kind)) + " " + action.target.name);
  }
  return words;
}

using Texts = std::vector<std::string>;

TEST(PlanTest, SaysWhomAndWhy) {
  Scene scene = SceneOf({Fails()}, {kThrottle});
  const Planned planned = scene.PlanAt(kNow, {});
  ASSERT_EQ(planned.actions.size(), 1U);
  const Action& action = planned.actions.front();
  EXPECT_EQ(action.rule, "r");
  EXPECT_EQ(action.step, kThrottle);
  EXPECT_FALSE(action.dry_run);
  EXPECT_EQ(action.control, "C-0");
  EXPECT_EQ(action.severity, Severity::kHigh);
  EXPECT_EQ(action.evidence, "/proc/100/status: 0 fails");
  EXPECT_EQ(action.target.life,
            (ContainerLife{.id = "c0-id", .init = Pid{100}, .started = BootTicks{100}}));
  EXPECT_EQ(action.target.name, "c0");
  EXPECT_EQ(action.target.cgroup_inode, 1002U);
  EXPECT_EQ(action.target.process, Pid{100});
  EXPECT_EQ(action.target.process_started, BootTicks{100});
}

TEST(PlanTest, ActsOnFailAndOnNothingElse) {
  for (const Verdict& verdict : {Passes(), Unknowable(), DoesNotApply()}) {
    Scene scene = SceneOf({verdict}, {kNotify});
    EXPECT_EQ(Words(scene.PlanAt(kNow, {})), Texts{});
  }
  Scene scene = SceneOf({Passes(), Fails()}, {kNotify});
  EXPECT_EQ(Words(scene.PlanAt(kNow, {})), Texts{"notify c1"});
}

TEST(PlanTest, WhatIsOverIsNoReason) {
  Scene scene = SceneOf({Passes()}, {kThrottle});
  scene.world.AddEnded(0, Pid{500});
  scene.world.benchmark.controls.clear();
  scene.world.AddControl(Scope::kProcess, kHighPrice, {Passes(), Fails()});
  EXPECT_EQ(Words(scene.PlanAt(kNow, {})), Texts{});
}

TEST(PlanTest, WhoIsMeant) {
  const std::vector<std::pair<std::function<void(Scene&)>, bool>> cases = {
      {[](Scene&) {}, true},
      {[](Scene& scene) { scene.policy.rules[0].severity = Severity::kHigh; }, true},
      {[](Scene& scene) { scene.policy.rules[0].severity = Severity::kCritical; }, false},
      {[](Scene& scene) { scene.policy.rules[0].controls = {Glob("D-*")}; }, false},
      {[](Scene& scene) { scene.policy.rules[0].classes = {ContainerClass::kVm}; }, false},
      {[](Scene& scene) { scene.policy.rules[0].select.name = {Glob("c0")}; }, true},
      {[](Scene& scene) { scene.policy.rules[0].select.name = {Glob("d*")}; }, false},
      {[](Scene& scene) { scene.policy.mode = EnforceMode::kOff; }, false},
      {[](Scene& scene) { scene.policy.rules[0].mode = EnforceMode::kOff; }, false},
      {[](Scene& scene) { scene.AddStranger("/docker/c0"); }, false},
      {[](Scene& scene) { scene.world.snapshot.containers[0].init.reset(); }, false}};
  for (std::size_t at = 0; at < cases.size(); ++at) {
    Scene scene = SceneOf({Fails()}, {kThrottle});
    cases[at].first(scene);
    EXPECT_EQ(scene.PlanAt(kNow, {}).actions.size(), cases[at].second ? 1U : 0U) << at;
  }
}

TEST(PlanTest, TheStricterModeHolds) {
  Scene scene = SceneOf({Fails()}, {kThrottle});
  scene.policy.rules[0].mode = EnforceMode::kDryRun;
  EXPECT_TRUE(scene.PlanAt(kNow, {}).actions.at(0).dry_run);
  scene.policy.rules[0].mode.reset();
  scene.policy.mode = EnforceMode::kDryRun;
  EXPECT_TRUE(scene.PlanAt(kNow, {}).actions.at(0).dry_run);
}

TEST(PlanTest, AViolationHasToLast) {
  Scene scene = SceneOf({Fails()}, {kNotify});
  scene.policy.rules[0].persists = 30'000;
  Planned planned = scene.PlanAt(kNow, {});
  EXPECT_EQ(Words(planned), Texts{});
  planned = scene.PlanAt(kNow + 29'999, std::move(planned.history));
  EXPECT_EQ(Words(planned), Texts{});
  EXPECT_EQ(Words(scene.PlanAt(kNow + 30'000, planned.history)), Texts{"notify c0"});

  Scene unknown = SceneOf({Unknowable()}, {kNotify});
  unknown.policy = scene.policy;
  planned = unknown.PlanAt(kNow + 30'000, std::move(planned.history));
  EXPECT_EQ(Words(planned), Texts{});
  EXPECT_EQ(Words(scene.PlanAt(kNow + 31'000, planned.history)), Texts{"notify c0"})
      << "what could not be read for a moment has not ended";

  Scene passing = SceneOf({Passes()}, {kNotify});
  passing.policy = scene.policy;
  planned = passing.PlanAt(kNow + 31'000, std::move(planned.history));
  EXPECT_EQ(Words(scene.PlanAt(kNow + 32'000, planned.history)), Texts{}) << "it has begun anew";
}

TEST(PlanTest, NothingIsDoneInTheGrace) {
  Scene scene = SceneOf({Fails()}, {kNotify});
  scene.policy.grace_after_start = 120'000;
  EXPECT_EQ(Words(scene.PlanAt(kNow, {.started = kNow - 119'999})), Texts{});
  EXPECT_EQ(Words(scene.PlanAt(kNow, {.started = kNow - 120'000})), Texts{"notify c0"});
  EXPECT_EQ(Words(scene.PlanAt(Scene::kBorn + 119'999, {})), Texts{});
  EXPECT_EQ(Words(scene.PlanAt(Scene::kBorn + 120'000, {})), Texts{"notify c0"});
}

TEST(PlanTest, ALadderIsClimbedInTime) {
  Scene scene = SceneOf({Fails()}, {kNotify, kThrottle, kKill});
  History history;
  const auto at = [&](std::int64_t now, ActionResult result) {
    Planned planned = scene.PlanAt(now, history);
    history = std::move(planned.history);
    for (const Action& action : planned.actions) {
      Record(action, {.result = result}, scene.policy, now, history);
    }
    return Words(planned);
  };
  const auto done = ActionResult::kDone;
  EXPECT_EQ(at(kNow, done), Texts{"notify c0"});
  EXPECT_EQ(at(kNow + 999, done), Texts{});
  EXPECT_EQ(at(kNow + 1'000, ActionResult::kAborted), Texts{"throttle c0"});
  EXPECT_EQ(at(kNow + 60'999, done), Texts{});
  EXPECT_EQ(at(kNow + 61'000, done), Texts{"throttle c0"}) << "what was aborted is tried again";
  EXPECT_EQ(at(kNow + 121'000, done), Texts{"kill c0"});
  EXPECT_EQ(at(kNow + 121'999, done), Texts{});
  EXPECT_EQ(at(kNow + 122'000, done), Texts{"kill c0"}) << "it is there again";
}

TEST(PlanTest, AKillIsNotRepeatedWithinItsGrace) {
  for (const auto& [signal, result, wait] :
       {std::tuple(15, ActionResult::kDone, 301'000), std::tuple(9, ActionResult::kDone, 1'000),
        std::tuple(15, ActionResult::kAborted, 1'000)}) {
    Step kill = kKill;
    kill.signal = signal;
    kill.grace = 300'000;
    Scene scene = SceneOf({Fails()}, {kill});
    Planned planned = scene.PlanAt(kNow, {});
    Record(planned.actions.at(0), {.result = result}, scene.policy, kNow, planned.history);
    EXPECT_EQ(Words(scene.PlanAt(kNow + wait - 1, planned.history)), Texts{});
    EXPECT_EQ(Words(scene.PlanAt(kNow + wait, planned.history)), Texts{"kill c0"});
  }
}

TEST(PlanTest, TheTopOfALadderThatDoesNotKillIsItsEnd) {
  Scene scene = SceneOf({Fails()}, {kThrottle});
  Planned planned = scene.PlanAt(kNow, {});
  Record(planned.actions.at(0), {}, scene.policy, kNow, planned.history);
  EXPECT_EQ(Words(scene.PlanAt(kNow + 10'000'000, planned.history)), Texts{});
}

TEST(PlanTest, WhatAThrottleMendsIsNotOver) {
  Scene failing = SceneOf({Fails()}, {kThrottle});
  Planned planned = failing.PlanAt(kNow, {});
  Record(planned.actions.at(0), {}, failing.policy, kNow, planned.history);
  const std::vector<HeldAction> in_force = {
      {.id = 1, .rule = "r", .life = planned.actions[0].target.life}};
  Scene mended = SceneOf({Passes()}, {kThrottle});
  planned = mended.PlanAt(kNow + 1'000, planned.history, in_force);
  EXPECT_EQ(planned.undo, std::vector<Undo>{});
  EXPECT_EQ(Words(failing.PlanAt(kNow + 2'000'000, planned.history)), Texts{})
      << "it is not throttled again when its time is over";
  planned = mended.PlanAt(kNow + 3'000'000, planned.history);
  EXPECT_EQ(Words(failing.PlanAt(kNow + 4'000'000, planned.history)), Texts{"throttle c0"});
}

TEST(PlanTest, ARestartedContainerIsAnotherOne) {
  Scene scene = SceneOf({Fails()}, {kThrottle});
  Planned planned = scene.PlanAt(kNow, {});
  Record(planned.actions.at(0), {}, scene.policy, kNow, planned.history);
  scene.At(ProcessIndex{0}).stat.start = BootTicks{101};
  EXPECT_EQ(Words(scene.PlanAt(kNow + 1, planned.history)), Texts{"throttle c0"});
}

TEST(PlanTest, TheBudgetHolds) {
  Scene scene = SceneOf(std::vector<Verdict>(500, Fails()), {kKill});
  scene.policy.budget = {.actions = 3, .per = 600'000, .containers_permille = 50};
  Planned planned = scene.PlanAt(kNow, {});
  ASSERT_EQ(planned.actions.size(), 500U);
  const auto kills = [](const Planned& plan) {
    return std::ranges::count_if(
        plan.actions, [](const Action& action) { return action.step.kind == ActionKind::kKill; });
  };
  EXPECT_EQ(kills(planned), 3);
  EXPECT_EQ(planned.history.enforced.breaker, "rule r wanted more than the budget allows");
  EXPECT_EQ(planned.history.pretended.breaker, "");
  planned = scene.PlanAt(kNow + 5'000'000, planned.history);
  EXPECT_EQ(kills(planned), 0) << "a breaker stays open until somebody resets it";
  EXPECT_LE(planned.actions.size(), 3U) << "and is told of once";
  planned.history.enforced.breaker.clear();
  EXPECT_EQ(kills(scene.PlanAt(kNow + 5'000'000, planned.history)), 3);
}

TEST(PlanTest, AShareOfTheContainersIsOneAtLeast) {
  for (const auto& [containers, most] : {std::pair{4, 1}, std::pair{39, 1}, std::pair{40, 2}}) {
    Scene scene =
        SceneOf(std::vector<Verdict>(static_cast<std::size_t>(containers), Fails()), {kThrottle});
    scene.policy.budget.containers_permille = 50;
    const Planned planned = scene.PlanAt(kNow, {});
    EXPECT_EQ(planned.history.enforced.spent.size(), static_cast<std::size_t>(most)) << containers;
  }
}

TEST(PlanTest, TheBudgetIsForTheWorst) {
  Scene scene = SceneOf({FailsAt(kMediumPrice), Fails()}, {kKill});
  scene.policy.budget.actions = 1;
  EXPECT_EQ(Words(scene.PlanAt(kNow, {})).at(0), "kill c1");
}

TEST(PlanTest, ADryRunHasABudgetOfItsOwn) {
  Scene scene = SceneOf({Fails(), Fails()}, {kKill});
  scene.policy.mode = EnforceMode::kDryRun;
  scene.policy.budget.actions = 1;
  Planned planned = scene.PlanAt(kNow, {});
  EXPECT_EQ(Words(planned), (Texts{"kill c0", "notify c1"}));
  EXPECT_NE(planned.history.pretended.breaker, "");
  scene.policy.mode = EnforceMode::kEnforce;
  planned = scene.PlanAt(kNow, planned.history);
  EXPECT_EQ(Words(planned), (Texts{"kill c0", "notify c1"}));
  EXPECT_FALSE(planned.actions[0].dry_run);
}

TEST(PlanTest, ThreeFailuresOpenTheBreaker) {
  Scene scene = SceneOf({Fails()}, {kThrottle});
  History history;
  for (int at = 0; at < 3; ++at) {
    const std::int64_t now = kNow + at * 60'000;
    Planned planned = scene.PlanAt(now, std::move(history));
    ASSERT_EQ(Words(planned), Texts{"throttle c0"});
    history = std::move(planned.history);
    Record(planned.actions.at(0), {.result = ActionResult::kFailed, .text = "EIO"}, scene.policy,
           now, history);
  }
  EXPECT_EQ(history.enforced.breaker, "three actions failed, the last one: EIO");
}

TEST(PlanTest, WhatWasAbortedIsNotSpent) {
  Scene scene = SceneOf({Fails()}, {kKill});
  scene.policy.budget = {.actions = 1, .per = 600'000, .containers_permille = 1000};
  History history;
  std::int64_t now = kNow;
  for (int tries = 0; tries < 3; ++tries) {
    Planned planned = scene.PlanAt(now, std::move(history));
    history = std::move(planned.history);
    ASSERT_EQ(Words(planned), Texts{"kill c0"}) << tries;
    EXPECT_EQ(BudgetLeft(history.enforced, scene.policy.budget, now), 0);
    Record(planned.actions.front(), {.result = ActionResult::kAborted}, scene.policy, now, history);
    EXPECT_EQ(BudgetLeft(history.enforced, scene.policy.budget, now), 1);
    now += 1'000;
  }
  Planned planned = scene.PlanAt(now, std::move(history));
  history = std::move(planned.history);
  Record(planned.actions.front(), {.result = ActionResult::kFailed}, scene.policy, now, history);
  EXPECT_EQ(BudgetLeft(history.enforced, scene.policy.budget, now), 0) << "what failed is";
}

TEST(PlanTest, WhatFollowsAKillCountsAsAFailureToo) {
  History history;
  for (int times = 0; times < 3; ++times) {
    EXPECT_EQ(history.enforced.breaker, "");
    RecordFollowUp({.dry_run = false}, {.result = ActionResult::kAborted}, kNow, history);
    RecordFollowUp({.dry_run = false}, {.result = ActionResult::kFailed}, kNow, history);
  }
  EXPECT_NE(history.enforced.breaker, "");
}

TEST(PlanTest, AStalePictureOpensTheBreaker) {
  Scene scene = SceneOf({Fails()}, {kThrottle});
  const Report report = Evaluate(scene.world.snapshot, scene.world.benchmark, {});
  const auto look = [&](std::int64_t age) {
    return Plan({.snapshot = scene.world.snapshot,
                 .benchmark = scene.world.benchmark,
                 .report = report,
                 .policy = scene.policy,
                 .infrastructure = scene.infrastructure,
                 .self = Scene::kSelf,
                 .looked_at = kNow - age,
                 .now = kNow,
                 .stale_after = 60'000},
                {});
  };
  EXPECT_EQ(Words(look(60'000)), Texts{"throttle c0"});
  const Planned planned = look(60'001);
  EXPECT_EQ(Words(planned), Texts{"notify c0"});
  EXPECT_NE(planned.history.enforced.breaker, "");
}

TEST(PlanTest, TheOffendingProcessIsMeant) {
  Scene scene = SceneOf({Passes()}, {kKillProcess});
  scene.AddProcess(0);
  scene.world.benchmark.controls.clear();
  scene.world.AddControl(Scope::kProcess, kHighPrice, {Passes(), Fails()});
  const Planned planned = scene.PlanAt(kNow, {});
  ASSERT_EQ(planned.actions.size(), 1U);
  EXPECT_EQ(planned.actions[0].target.process, Pid{101});
  EXPECT_EQ(planned.actions[0].target.life.init, Pid{100});
}

// Since the look, by what did not wait for this plan. A finding names three offenders: of others it
// cannot be said that they live.
TEST(PlanTest, WhoWasEndedSinceTheLookFailsNothing) {
  for (const int offenders : {3, 4}) {
    Scene scene = SceneOf({Passes()}, {kKillProcess});
    std::vector<Verdict> says = {Passes()};
    for (int count = 0; count < offenders; ++count) {
      scene.AddProcess(0);
      says.push_back(Fails());
    }
    scene.world.benchmark.controls.clear();
    scene.world.AddControl(Scope::kProcess, kHighPrice, says);
    History history = scene.PlanAt(kNow, {}).history;
    ASSERT_EQ(history.ladders.size(), 1U);
    std::vector<EndedLife> ended;
    for (const int pid : {101, 102, 103}) ended.emplace_back(Pid{pid}, BootTicks{100});
    const Planned planned = scene.PlanAt(kNow + 60'000, history, {}, ended);
    EXPECT_EQ(Words(planned), Texts{});
    EXPECT_EQ(planned.history.ladders.size(), offenders == 3 ? 0U : 1U);
    ended.back().second = BootTicks{99};
    EXPECT_EQ(Words(scene.PlanAt(kNow + 60'000, history, {}, ended)), Texts{"kill_process c0"});
  }
}

TEST(PlanTest, WhatNobodyWantsAnyMoreIsTakenBack) {
  Scene scene = SceneOf({Fails()}, {kThrottle});
  const ContainerLife life = {.id = "c0-id", .init = Pid{100}, .started = BootTicks{100}};
  const std::vector<HeldAction> in_force = {{.id = 4, .rule = "r", .life = life}};
  EXPECT_EQ(scene.PlanAt(kNow, {}, in_force).undo, std::vector<Undo>{});
  scene.policy.mode = EnforceMode::kDryRun;
  EXPECT_EQ(scene.PlanAt(kNow, {}, in_force).undo,
            (std::vector<Undo>{{.id = 4, .why = "the rule does not act any more"}}));
  scene.policy.rules[0].name = "s";
  EXPECT_EQ(scene.PlanAt(kNow, {}, in_force).undo,
            (std::vector<Undo>{{.id = 4, .why = "there is no such rule any more"}}));
  scene.policy.rules[0].name = "r";
  scene.policy.mode = EnforceMode::kEnforce;
  scene.At(ProcessIndex{0}).stat.start = BootTicks{101};
  EXPECT_EQ(scene.PlanAt(kNow, {}, in_force).undo,
            (std::vector<Undo>{{.id = 4, .why = "the container is gone"}}));
}

TEST(PlanTest, OneRuleAtATimeHasTheLimits) {
  Scene scene = SceneOf({Fails()}, {kThrottle});
  const ContainerLife life = {.id = "c0-id", .init = Pid{100}, .started = BootTicks{100}};
  scene.policy.rules.push_back(scene.policy.rules[0]);
  scene.policy.rules[1].name = "other";
  const std::vector<HeldAction> in_force = {{.id = 4, .rule = "other", .life = life}};
  EXPECT_EQ(
      Words(scene.PlanAt(kNow, {.ladders = {{{"other", life}, {.next_step = 1, .dry_run = false}}}},
                         in_force)),
      Texts{});
}

}  // namespace
}  // namespace hullmark
