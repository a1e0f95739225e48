// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/bpf/exec_ban.h"
#include "agent/enforce/exec_bans.h"
#include "agent/enforce/history.h"
#include "agent/evaluate/evaluate.h"
#include "checks/table.h"
#include "hullmark/benchmark.h"
#include "hullmark/check.h"
#include "hullmark/facts.h"
#include "hullmark/glob.h"
#include "hullmark/ids.h"
#include "hullmark/policy.h"
#include "hullmark/report.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"
#include "hullmark/waiver.h"
#include "tests/unit/checks/builder.h"
#include "tests/unit/enforce/scene.h"

namespace hullmark {
namespace {

constexpr std::int64_t kNow = 1'000'000;
constexpr NamespaceInode kHostMounts{4026531840};

// Containers c0 and c1 of a process each; a rule that bans PRV-002 in c0.
struct Host {
  Host() {
    scene.policy = PolicyOf({{.kind = ActionKind::kKillAtExec}});
    scene.policy.budget.containers_permille = 1000;
    rule().controls = {Glob("PRV-002")};
    rule().select.name = {Glob("c0")};
    Snapshot& snapshot = scene.world.snapshot;
    snapshot.host.namespaces[std::to_underlying(NamespaceKind::kMnt)] =
        ReferenceNamespace{.inode = kHostMounts};
    for (const char* const name : {"c0", "c1"}) {
      const std::uint32_t at = scene.AddContainer(name);
      PutMounts(at, NamespaceInode{4'026'532'000U + at});
    }
    Control control;
    control.id = check.id;
    control.severity = Severity::kHigh;
    control.enforceable = Enforceable::kAllowed;
    control.check = &check;
    scene.world.benchmark.controls.push_back(std::move(control));
  }

  ExecBanPlan Plan() {
    const Report report =
        Evaluate(scene.world.snapshot, scene.world.benchmark, {.classes = scene.classes});
    return PlanExecBans({.snapshot = scene.world.snapshot,
                         .benchmark = scene.world.benchmark,
                         .report = report,
                         .policy = scene.policy,
                         .infrastructure = scene.infrastructure,
                         .self = Scene::kSelf,
                         .looked_at = kNow,
                         .now = kNow},
                        waivers, history);
  }

  Rule& rule() { return scene.policy.rules.front(); }
  Container& container(std::uint32_t at) { return scene.world.snapshot.containers[at]; }
  Process& init(std::uint32_t at) { return scene.At(*container(at).init); }
  void PutMounts(std::uint32_t at, Fact<NamespaceInode> mounts) {
    init(at).leader.namespaces.Set(NamespaceKind::kMnt, mounts);
  }
  std::uint32_t AddInner(std::string_view cgroup) {
    const std::uint32_t inner = scene.AddContainer("inner");
    container(inner).parent = 0;
    scene.Put(*container(inner).init, cgroup);
    return inner;
  }
  std::uint64_t CgroupOf(std::uint32_t at) {
    return *scene.world.snapshot.At(*container(at).cgroup).inode;
  }

  const std::vector<Check> checks = AllChecks();
  const Check& check = testing::FindCheck(checks, "PRV-002");
  Scene scene;
  std::vector<Waiver> waivers;
  History history;
};

TEST(PlanExecBansTest, OfWhoIsMeantAndOfNobodyElse) {
  Host host;
  const ExecBanPlan plan = host.Plan();
  ASSERT_EQ(plan.cgroups.size(), 1U);
  const auto& [cgroup, banned] = *plan.cgroups.begin();
  const std::vector<PlannedBan>& bans = *banned.bans;
  EXPECT_EQ(cgroup, host.CgroupOf(0));
  ASSERT_EQ(bans.size(), 1U);
  EXPECT_NE(bans[0].ban.flags & unsigned{kBanEnforced}, 0U);
  EXPECT_FALSE(bans[0].action.dry_run);
  EXPECT_EQ(bans[0].action.rule, "r");
  EXPECT_EQ(bans[0].action.control, "PRV-002");
  EXPECT_EQ(bans[0].action.severity, Severity::kHigh);
  EXPECT_EQ(bans[0].action.target.name, "c0");
  EXPECT_EQ(plan.left_out, std::vector<std::string>{});
}

TEST(PlanExecBansTest, ADryRunOnlyTells) {
  Host host;
  host.rule().mode = EnforceMode::kDryRun;
  const ExecBanPlan plan = host.Plan();
  ASSERT_EQ(plan.cgroups.size(), 1U);
  const PlannedBan& planned = plan.cgroups.begin()->second.bans->front();
  EXPECT_EQ(planned.ban.flags & unsigned{kBanEnforced}, 0U);
  EXPECT_TRUE(planned.action.dry_run);
}

TEST(PlanExecBansTest, WhatIsEnforcedComesFirst) {
  Host host;
  Rule pretended = host.rule();
  pretended.name = "p";
  pretended.mode = EnforceMode::kDryRun;
  host.scene.policy.rules.insert(host.scene.policy.rules.begin(), pretended);
  const ExecBanPlan plan = host.Plan();
  ASSERT_EQ(plan.cgroups.size(), 1U);
  ASSERT_EQ(plan.cgroups.begin()->second.bans->size(), 1U) << "a control counts once";
  EXPECT_EQ(plan.cgroups.begin()->second.bans->front().action.rule, "r");
}

struct Sparing {
  std::string_view what;
  void (*arrange)(Host& host);
};

constexpr Sparing kSparings[] = {
    {"off", [](Host& host) { host.rule().mode = EnforceMode::kOff; }},
    {"an open breaker", [](Host& host) { host.history.enforced.breaker = "why"; }},
    {"a young agent",
     [](Host& host) {
       host.scene.policy.grace_after_start = 1'000;
       host.history.started = kNow - 999;
     }},
    {"a young container",
     [](Host& host) { host.scene.policy.grace_after_start = kNow - Scene::kBorn + 1; }},
    {"a waived control",
     [](Host& host) {
       host.waivers.push_back({.control = Glob("PRV-*"), .expires = Timestamp{1}});
       host.scene.world.snapshot.taken_at = Timestamp{0};
     }},
    {"a control switched off",
     [](Host& host) { host.scene.world.benchmark.controls[0].disabled = "not here"; }},
    {"infrastructure", [](Host& host) { host.scene.infrastructure.name = {Glob("c0")}; }},
    {"no init", [](Host& host) { host.container(0).init.reset(); }},
    {"spared by its oom_score_adj",
     [](Host& host) { host.init(0).oom_score_adj = std::int16_t{-998}; }},
    {"a stranger in its cgroup", [](Host& host) { host.scene.AddStranger("/docker/c0"); }},
    {"the host's mounts", [](Host& host) { host.PutMounts(0, kHostMounts); }},
    {"mounts not known", [](Host& host) { host.PutMounts(0, Missing(ErrorCode::kDenied)); }},
    {"no v2 hierarchy",
     [](Host& host) { host.scene.world.snapshot.hierarchies[0].version = CgroupVersion::kV1; }},
    {"cgroups without numbers",
     [](Host& host) {
       for (Cgroup& one : host.scene.world.snapshot.cgroups) {
         one.inode = Missing(ErrorCode::kDenied);
       }
     }},
    {"a cgroup that is another container's as well",
     [](Host& host) { host.AddInner("/docker/c0"); }}};

TEST(PlanExecBansTest, WhomNothingIsToldOf) {
  for (const auto& [what, arrange] : kSparings) {
    Host host;
    ASSERT_EQ(host.Plan().cgroups.size(), 1U);
    arrange(host);
    EXPECT_EQ(host.Plan().cgroups.size(), 0U) << what;
  }
}

TEST(PlanExecBansTest, AWaiverThatIsOverSparesNobody) {
  Host host;
  host.scene.world.snapshot.taken_at = Timestamp{5};
  host.waivers.push_back({.control = Glob("*"), .expires = Timestamp{5}});
  EXPECT_EQ(host.Plan().cgroups.size(), 1U);
}

TEST(PlanExecBansTest, AProcessBelowTheCgroupIsTheContainersToo) {
  Host host;
  constexpr auto kNet = std::to_underlying(NamespaceKind::kNet);
  constexpr auto kMnt = std::to_underlying(NamespaceKind::kMnt);
  host.scene.world.snapshot.host.namespaces[kNet] = ReferenceNamespace{.inode = NamespaceInode{1}};
  host.init(0).leader.namespaces.Set(NamespaceKind::kNet, NamespaceInode{2});
  host.scene.Put(host.scene.AddProcess(0), "/docker/c0/job");
  ExecBanPlan plan = host.Plan();
  ASSERT_EQ(plan.cgroups.size(), 2U);
  const BannedCgroup own = plan.cgroups.extract(host.CgroupOf(0)).mapped();
  const BannedCgroup below = plan.cgroups.begin()->second;
  EXPECT_EQ(below.bans, own.bans);
  EXPECT_EQ(own.own[kNet], 2U);
  EXPECT_EQ(below.own[kNet], 0U) << "a container within may share it";
  EXPECT_EQ(below.own[kMnt], own.own[kMnt]);
}

TEST(PlanExecBansTest, ACgroupThatIsSharedIsToldOfWhereOthersAreJudged) {
  Host host;
  host.AddInner("/docker/c0");
  host.scene.Put(host.scene.AddProcess(0), "/docker/c0/job");
  const ExecBanPlan plan = host.Plan();
  EXPECT_EQ(plan.cgroups.size(), 1U);
  EXPECT_FALSE(plan.cgroups.contains(host.CgroupOf(0)));
  EXPECT_EQ(plan.left_out,
            std::vector<std::string>{
                "c0, in some of its cgroups: another container has processes in them"});
}

TEST(PlanExecBansTest, ACgroupWithoutANumberIsToldOfUnlessItIsRemoved) {
  constexpr std::string_view kSome = "c0, in some of its cgroups: their numbers cannot be read";
  for (const auto& [code, told] :
       {std::pair{ErrorCode::kDenied, true}, {ErrorCode::kNotFound, false}}) {
    Host host;
    host.scene.Put(host.scene.AddProcess(0), "/docker/c0/job");
    host.scene.world.snapshot.cgroups.back().inode = Missing(code);
    const ExecBanPlan plan = host.Plan();
    EXPECT_EQ(plan.cgroups.size(), 1U);
    EXPECT_EQ(std::ranges::count(plan.left_out, kSome), told ? 1 : 0);
  }
  Host host;
  for (Cgroup& one : host.scene.world.snapshot.cgroups) one.inode = Missing(ErrorCode::kDenied);
  EXPECT_EQ(host.Plan().left_out,
            std::vector<std::string>{"c0: the numbers of its cgroups cannot be read"});
}

TEST(PlanExecBansTest, NobodyIsLeftOutForTheCgroupsThatAnotherMakes) {
  constexpr std::size_t kMade = 300;
  Host host;
  host.rule().select.name = {Glob("c*")};
  for (std::size_t made = 0; made < kMade; ++made) {
    host.scene.Put(host.scene.AddProcess(0), "/docker/c0/" + std::to_string(made));
  }
  const ExecBanPlan plan = host.Plan();
  EXPECT_TRUE(plan.cgroups.contains(host.CgroupOf(0)));
  EXPECT_TRUE(plan.cgroups.contains(host.CgroupOf(1)));
  EXPECT_EQ(plan.cgroups.size(), 2U + 64U);
  ASSERT_EQ(plan.left_out.size(), 1U);
  EXPECT_TRUE(plan.left_out.front().starts_with("c0, in some of its cgroups: "))
      << plan.left_out.front();
}

TEST(PlanExecBansTest, AContainerOfTheContainerIsNot) {
  Host host;
  host.AddInner("/docker/c0/inner");
  const ExecBanPlan plan = host.Plan();
  ASSERT_EQ(plan.cgroups.size(), 1U);
  EXPECT_EQ(plan.cgroups.begin()->first, host.CgroupOf(0));
}

TEST(PlanExecBansTest, KnowsItByNamespacesOfItsOwn) {
  Host host;
  const BannedCgroup banned = host.Plan().cgroups.begin()->second;
  const auto& spaces = host.scene.world.snapshot.At(*host.container(0).init).leader.namespaces;
  const auto mounts = spaces[NamespaceKind::kMnt];
  ASSERT_TRUE(mounts);
  EXPECT_EQ(banned.own[std::to_underlying(NamespaceKind::kMnt)], std::to_underlying(*mounts));
}

TEST(PlanExecBansTest, SaysWhoIsLeftOut) {
  Host host;
  host.scene.world.snapshot.hierarchies[0].version = CgroupVersion::kV1;
  EXPECT_EQ(host.Plan().left_out,
            std::vector<std::string>{"c0: it has no cgroup of the v2 hierarchy to itself"});
  const std::string id(host.scene.world.snapshot.Text(host.container(0).id));
  host.container(0).name = {};
  host.rule().select = {};
  EXPECT_EQ(host.Plan().left_out.front(), id + ": it has no cgroup of the v2 hierarchy to itself");
}

TEST(PlanExecBansTest, NoLadderClimbsToIt) {
  Host host;
  host.scene.world.AddControl(Scope::kProcess, kHighPrice, {Fails(), Fails()});
  host.rule().controls = {Glob("C-*")};
  host.rule().select = {};
  EXPECT_TRUE(host.scene.PlanAt(kNow, {}).actions.empty());
  host.rule().steps = {{.kind = ActionKind::kKill}};
  EXPECT_FALSE(host.scene.PlanAt(kNow, {}).actions.empty());
}

}  // namespace
}  // namespace hullmark
