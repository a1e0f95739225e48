// SPDX-License-Identifier: Apache-2.0
#include "agent/enforce/reflex.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/enforce/history.h"
#include "agent/enforce/plan.h"
#include "agent/evaluate/evaluate.h"
#include "hullmark/action.h"
#include "hullmark/check.h"
#include "hullmark/glob.h"
#include "hullmark/ids.h"
#include "hullmark/live.h"
#include "hullmark/policy.h"
#include "hullmark/report.h"
#include "hullmark/snapshot.h"
#include "hullmark/waiver.h"
#include "tests/unit/enforce/scene.h"
#include "tests/unit/evaluate/world.h"

namespace hullmark {
namespace {

constexpr std::int64_t kNow = 1'000'000;

// Containers c0 and c1, that nothing is wrong with; a rule that kills processes that fail C-0 in
// c0.
struct Host {
  Host() {
    scene.policy = PolicyOf({{.kind = ActionKind::kKillProcess, .signal = 9}});
    scene.policy.budget.containers_permille = 1000;
    rule().select.name = {Glob("c0")};
    scene.AddContainer("c0");
    scene.AddContainer("c1");
    scene.world.AddControl(Scope::kProcess, kHighPrice, {});
  }

  Reflexes Plan() {
    const Report report =
        Evaluate(scene.world.snapshot, scene.world.benchmark, {.classes = scene.classes});
    return PlanReflexes({.snapshot = scene.world.snapshot,
                         .benchmark = scene.world.benchmark,
                         .report = report,
                         .policy = scene.policy,
                         .infrastructure = scene.infrastructure,
                         .self = Scene::kSelf,
                         .looked_at = kNow,
                         .now = kNow},
                        waivers, history);
  }
  std::optional<Action> React(const Offence& offence) { return Decision(offence).action; }
  hullmark::Decision Decision(const Offence& offence) {
    return Decide(offence, Plan(), scene.policy, 2, kNow, history);
  }

  Rule& rule() { return scene.policy.rules.front(); }
  Container& container(std::uint32_t at) { return scene.world.snapshot.containers[at]; }
  ContainerLife LifeAt(std::uint32_t at) { return *LifeOf(scene.world.snapshot, container(at)); }
  Offence By(std::uint32_t at, Severity severity = Severity::kHigh) {
    return {.at = Timestamp{5},
            .life = LifeAt(at),
            .process = Pid{500},
            .started = BootTicks{77},
            .violations = {{.control = "C-0", .severity = severity, .fact = "it does"}}};
  }
  Ladder& ladder() { return history.ladders[{"r", LifeAt(0)}]; }

  Scene scene;
  std::vector<Waiver> waivers;
  History history;
};

TEST(PlanReflexesTest, OfWhoIsMeantAndOfNobodyElse) {
  Host host;
  const Reflexes reflexes = host.Plan();
  ASSERT_EQ(reflexes.size(), 1U);
  const auto& [life, own] = *reflexes.begin();
  EXPECT_EQ(life, host.LifeAt(0));
  ASSERT_EQ(own.size(), 1U);
  EXPECT_EQ(own[0].action.rule, "r");
  EXPECT_EQ(own[0].action.control, "C-0");
  EXPECT_FALSE(own[0].action.dry_run);
  EXPECT_EQ(own[0].place.directory, "/sys/fs/cgroup/docker/c0");
  EXPECT_EQ(own[0].path, "/docker/c0");
  EXPECT_EQ(own[0].hierarchies, std::vector<std::string>{""});
  EXPECT_FALSE(own[0].runs_host_files);
}

struct Sparing {
  std::string_view what;
  void (*arrange)(Host& host);
};

constexpr Sparing kSparings[] = {
    {"off", [](Host& host) { host.rule().mode = EnforceMode::kOff; }},
    {"a violation that has to last", [](Host& host) { host.rule().persists = 1; }},
    {"another step first",
     [](Host& host) {
       host.rule().steps.insert(host.rule().steps.begin(), {.kind = ActionKind::kNotify});
     }},
    {"a ladder that is over",
     [](Host& host) { host.ladder() = {.next_step = 1, .dry_run = false}; }},
    {"another control", [](Host& host) { host.rule().controls = {Glob("D-*")}; }},
    {"a young agent",
     [](Host& host) {
       host.scene.policy.grace_after_start = 1'000;
       host.history.started = kNow - 999;
     }},
    {"a young container",
     [](Host& host) { host.scene.policy.grace_after_start = kNow - Scene::kBorn + 1; }},
    {"a waived control",
     [](Host& host) {
       host.waivers.push_back({.control = Glob("C-*"), .expires = Timestamp{1}});
       host.scene.world.snapshot.taken_at = Timestamp{0};
     }},
    {"a control switched off",
     [](Host& host) { host.scene.world.benchmark.controls[0].disabled = "not here"; }},
    {"infrastructure", [](Host& host) { host.scene.infrastructure.name = {Glob("c0")}; }},
    {"no init", [](Host& host) { host.container(0).init.reset(); }},
    {"no cgroup", [](Host& host) { host.container(0).cgroup.reset(); }},
    {"spared by its oom_score_adj",
     [](Host& host) { host.scene.At(*host.container(0).init).oom_score_adj = std::int16_t{-998}; }},
    {"a stranger in its cgroup", [](Host& host) { host.scene.AddStranger("/docker/c0"); }},
    {"a part of a hierarchy",
     [](Host& host) { host.scene.world.snapshot.hierarchies[0].whole = false; }},
    {"cgroups without numbers", [](Host& host) {
       for (Cgroup& one : host.scene.world.snapshot.cgroups) {
         one.inode = Missing(ErrorCode::kDenied);
       }
     }}};

TEST(PlanReflexesTest, WhomNothingIsDoneTo) {
  for (const auto& [what, arrange] : kSparings) {
    Host host;
    ASSERT_EQ(host.Plan().size(), 1U);
    arrange(host);
    EXPECT_EQ(host.Plan().size(), 0U) << what;
  }
}

TEST(PlanReflexesTest, AControlOfContainersIsNoProcess) {
  Host host;
  host.scene.world.AddControl(Scope::kContainer, kHighPrice, {});
  host.rule().controls = {Glob("C-1")};
  EXPECT_TRUE(host.Plan().empty());
}

// Numbers of mounts are given away again, and an event tells no more of them.
TEST(PlanReflexesTest, AControlThatGoesByMountsWaitsForALook) {
  Host host;
  host.rule().controls = {Glob("*")};
  for (const char* const id : {"RUN-003", "RUN-005", "RUN-006"}) {
    host.scene.world.benchmark.controls[0].id = id;
    EXPECT_TRUE(host.Plan().empty()) << id;
  }
  host.scene.world.benchmark.controls[0].id = "RUN-004";
  EXPECT_EQ(host.Plan().size(), 1U);
}

// As a look has it: in none of them may a process be elsewhere.
TEST(PlanReflexesTest, EachHierarchyWithLimitsThatTheInitIsIn) {
  Host host;
  Snapshot& snapshot = host.scene.world.snapshot;
  auto& cgroups = snapshot
                      .memberships[static_cast<std::size_t>(
                          *host.scene.At(*host.container(0).init).leader.cgroup)]
                      .cgroups;
  for (const char* const name : {"memory", "name=systemd", "pids"}) {
    const auto at = static_cast<std::uint32_t>(snapshot.hierarchies.size());
    snapshot.hierarchies.push_back(
        {.version = CgroupVersion::kV1,
         .name = snapshot.strings.Intern(name),
         .controllers = static_cast<std::uint8_t>(name[0] == 'n' ? 0 : 1)});
    const bool elsewhere = name[0] == 'p';
    snapshot.cgroups.push_back(
        {.hierarchy = HierarchyIndex{at},
         .path = snapshot.strings.Intern(elsewhere ? "/x" : "/docker/c0/in")});
    cgroups.push_back(CgroupIndex{static_cast<std::uint32_t>(snapshot.cgroups.size() - 1)});
  }
  const Reflexes reflexes = host.Plan();
  ASSERT_EQ(reflexes.size(), 1U);
  EXPECT_EQ(reflexes.begin()->second[0].hierarchies, (std::vector<std::string>{"", "memory"}));
}

TEST(PlanReflexesTest, TheStepThatALadderHasReached) {
  Host host;
  host.rule().steps.insert(host.rule().steps.begin(), {.kind = ActionKind::kNotify});
  host.ladder() = {.next_step = 1, .dry_run = false};
  const Reflexes reflexes = host.Plan();
  ASSERT_EQ(reflexes.size(), 1U);
  EXPECT_EQ(reflexes.begin()->second[0].action.step_number, 1U);
  // Of a dry run it begins anew.
  host.ladder().dry_run = true;
  EXPECT_TRUE(host.Plan().empty());
}

TEST(DecideTest, NamesTheProcessAndItsProof) {
  Host host;
  const auto action = host.React(host.By(0));
  ASSERT_TRUE(action);
  EXPECT_EQ(action->target.process, Pid{500});
  EXPECT_EQ(action->target.process_started, BootTicks{77});
  EXPECT_EQ(action->at, Timestamp{5});
  EXPECT_EQ(action->severity, Severity::kHigh);
  EXPECT_EQ(action->evidence, "as it executed: it does");
  EXPECT_EQ(action->step.kind, ActionKind::kKillProcess);
}

TEST(DecideTest, WhatIsEnforcedComesFirst) {
  Host host;
  Rule pretended = host.rule();
  pretended.name = "p";
  pretended.mode = EnforceMode::kDryRun;
  host.scene.policy.rules.insert(host.scene.policy.rules.begin(), pretended);
  EXPECT_EQ(host.React(host.By(0))->rule, "r");
  host.history.enforced.breaker = "why";
  EXPECT_EQ(host.React(host.By(0))->rule, "p");
}

TEST(DecideTest, WaitsForTheLook) {
  Host host;
  EXPECT_FALSE(host.React(host.By(1))) << "of another container";
  Offence other = host.By(0);
  other.violations[0].control = "C-9";
  EXPECT_FALSE(host.React(other)) << "of another control";
  Offence reborn = host.By(0);
  reborn.life.started = BootTicks{9'999};
  EXPECT_FALSE(host.React(reborn)) << "of another life";
  host.rule().severity = Severity::kCritical;
  EXPECT_FALSE(host.React(host.By(0))) << "not severe enough";
  EXPECT_TRUE(host.React(host.By(0, Severity::kCritical)));
  host.history.enforced.breaker = "why";
  EXPECT_FALSE(host.React(host.By(0, Severity::kCritical))) << "the breaker is open";
}

TEST(DecideTest, KeepsToTheBudgetAndTheLadder) {
  Host host;
  host.scene.policy.budget.actions = 2;
  const Action first = *host.React(host.By(0));
  Begin(first, kNow, host.history);
  Record(first, {}, host.scene.policy, kNow, host.history);
  EXPECT_EQ(host.ladder().ready, kNow + first.step.next_after);
  EXPECT_FALSE(host.React(host.By(0))) << "not before next_after";
  host.ladder().ready = kNow;
  const auto second = host.React(host.By(0));
  ASSERT_TRUE(second);
  Begin(*second, kNow, host.history);
  EXPECT_FALSE(host.React(host.By(0))) << "the budget is spent";
  EXPECT_TRUE(host.Decision(host.By(0)).is_for_a_look);
  EXPECT_EQ(host.history.enforced.breaker, "") << "the look opens it";
  // What was aborted has spent nothing.
  Record(*second, {.result = ActionResult::kAborted}, host.scene.policy, kNow, host.history);
  EXPECT_EQ(host.history.enforced.spent.size(), 1U);
}

TEST(DecideTest, AnActionIsOfAReflexOnlyWhileThatIsThere) {
  Host host;
  const Action action = *host.React(host.By(0));
  EXPECT_NE(FindReflex(host.Plan(), action), nullptr);
  Action other = action;
  other.rule = "q";
  EXPECT_EQ(FindReflex(host.Plan(), other), nullptr);
  EXPECT_EQ(FindReflex({}, action), nullptr);
}

}  // namespace
}  // namespace hullmark
