// SPDX-License-Identifier: Apache-2.0
#include "agent/enforce/exec_bans.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/bpf/exec_ban.h"
#include "agent/enforce/history.h"
#include "agent/evaluate/evaluate.h"
#include "checks/table.h"
#include "hullmark/benchmark.h"
#include "hullmark/caps.h"
#include "hullmark/check.h"
#include "hullmark/facts.h"
#include "hullmark/glob.h"
#include "hullmark/ids.h"
#include "hullmark/policy.h"
#include "hullmark/report.h"
#include "hullmark/snapshot.h"
#include "hullmark/waiver.h"
#include "tests/unit/checks/builder.h"
#include "tests/unit/enforce/scene.h"

namespace hullmark {
namespace {

// ---- a ban is what the check says ----

constexpr std::string_view kBannable[] = {
    "CAP-001", "CAP-002", "CAP-003", "CAP-004", "CAP-005", "CAP-006", "CAP-007", "CAP-008",
    "CAP-009", "CAP-010", "CAP-011", "CAP-012", "CAP-014", "USR-001", "PRV-002", "RUN-004"};

class Dice {
 public:
  explicit Dice(unsigned seed) : engine_(seed) {}

  std::uint32_t Below(std::uint32_t end) { return static_cast<std::uint32_t>(engine_() % end); }
  bool Flip() { return Below(2) == 0; }
  CapSet Caps() {
    CapSet caps;
    for (std::uint32_t left = Below(4); left > 0; --left) {
      caps = caps | CapSet(std::uint64_t{1} << Below(64));
    }
    return caps;
  }
  // Few numbers, so that they meet.
  IdQuadruple<std::uint32_t> Ids() {
    constexpr std::array<std::uint32_t, 4> kIds = {0, 1000, 100'000, 100'001};
    const auto one = [&] { return kIds.at(Below(4)); };
    if (Flip()) {
      const auto id = one();
      return {id, id, id, id};
    }
    return {one(), one(), one(), one()};
  }
  IdMap Map() {
    switch (Below(4)) {
      case 0:
        return {{.inside = 0, .outside = 0, .count = 4'294'967'295U}};
      case 1:
        return {{.inside = 0, .outside = 100'000, .count = 65'536}};
      case 2:
        return {{.inside = 5, .outside = 1000, .count = 1},
                {.inside = 0, .outside = 100'001, .count = 1}};
      default:
        return {{.inside = 1, .outside = 1000, .count = 10}};
    }
  }

 private:
  std::mt19937 engine_;
};

// An init, number 0, and a process, number 1, with any rights.
testing::Scene AnyScene(Dice& dice) {
  testing::Scene scene;
  scene.AddProcess();
  scene.snapshot.host.last_cap = static_cast<int>(39 + dice.Below(3));
  if (dice.Flip()) scene.UseMaps(dice.Map(), dice.Map(), 0);
  if (dice.Flip()) {
    scene.UseMaps(dice.Map(), dice.Map(), 1);
  } else {
    scene.Join(NamespaceKind::kUser, 1, 0);
  }
  scene.SetIds(dice.Ids(), dice.Ids(), 1);
  ProcStatus& status = scene.status(1);
  status.effective = dice.Caps();
  status.permitted = dice.Caps();
  status.ambient = dice.Caps();
  scene.snapshot.executables.push_back({.links = dice.Below(3)});
  scene.process(1).executable =
      ExecutableIndex{static_cast<std::uint32_t>(scene.snapshot.executables.size() - 1)};
  return scene;
}

template <typename Id>
ExecIds Plain(const IdQuadruple<Id>& ids) {
  return {.real = std::to_underlying(ids.real),
          .effective = std::to_underlying(ids.effective),
          .saved = std::to_underlying(ids.saved),
          .fs = std::to_underlying(ids.fs)};
}

const UserNamespace* SpaceOf(const testing::Scene& scene, std::size_t process) {
  const auto& task = scene.snapshot.processes[process].leader;
  return FindUserNamespace(scene.snapshot, *task.namespaces[NamespaceKind::kUser]);
}

// What the kernel program would read of process 1.
ExecFacts FactsOf(const testing::Scene& scene) {
  const Process& process = scene.snapshot.processes[1];
  const ProcStatus& status = *process.leader.status;
  ExecFacts facts = {};
  facts.effective = status.effective.bits();
  facts.permitted = status.permitted.bits();
  facts.ambient = status.ambient->bits();
  facts.uid = Plain(status.uid);
  facts.gid = Plain(status.gid);
  facts.links = *scene.snapshot.At(*process.executable).links;
  for (const IdExtent& extent : *SpaceOf(scene, 1)->uid_map) {
    if (extent.inside != 0) continue;
    facts.root = extent.outside;
    facts.known |= unsigned{kKnowsRoot};
  }
  for (const IdExtent& extent : *SpaceOf(scene, 1)->gid_map) {
    if (extent.inside != 0) continue;
    facts.root_group = extent.outside;
    facts.known |= unsigned{kKnowsRootGroup};
  }
  return facts;
}

Params AnyParams(const Check& check, Dice& dice) {
  std::vector<ParamValue> values;
  for (const ParamSpec& spec : check.params) {
    if (spec.type == ParamType::kBool) values.emplace_back(dice.Flip());
    if (spec.type == ParamType::kCaps) values.emplace_back(dice.Caps());
  }
  return Params(std::move(values));
}

Control ControlOf(const Check& check, Params params) {
  Control control;
  control.id = check.id;
  control.params = std::move(params);
  control.enforceable = Enforceable::kAllowed;
  control.check = &check;
  return control;
}

TEST(BanOfTest, ForbidsWhatTheCheckFailsAndNothingElse) {
  constexpr unsigned kSeed = 20'261'123;
  constexpr int kScenes = 1'500;
  const std::vector<Check> checks = AllChecks();
  Dice dice(kSeed);
  std::set<std::pair<std::string_view, bool>> met;
  for (int round = 0; round < kScenes; ++round) {
    const testing::Scene scene = AnyScene(dice);
    for (const std::string_view id : kBannable) {
      const Check& check = testing::FindCheck(checks, id);
      const Control control = ControlOf(check, AnyParams(check, dice));
      const auto ban = BanOf(control, scene.snapshot.host, SpaceOf(scene, 0));
      ASSERT_TRUE(ban) << id;
      const auto judge = std::get<ProcessCheck>(check.evaluate);
      const bool fails = judge(scene.View(1), control.params, nullptr).outcome == Outcome::kFail;
      const ExecFacts facts = FactsOf(scene);
      ASSERT_EQ(Forbids(&*ban, &facts) != 0, fails) << id << " in scene " << round;
      met.emplace(id, fails);
    }
  }
  EXPECT_EQ(met.size(), 2 * std::size(kBannable)) << "each control was seen both ways";
}

TEST(BanOfTest, NoOtherControlIsBannable) {
  Dice dice(1);
  const std::vector<Check> checks = AllChecks();
  std::size_t bannable = 0;
  for (const Check& check : checks) {
    const Control control = ControlOf(check, AnyParams(check, dice));
    const bool listed = std::ranges::find(kBannable, check.id) != std::end(kBannable);
    EXPECT_EQ(IsBannable(control), listed) << check.id;
    bannable += listed ? 1U : 0U;
  }
  EXPECT_EQ(bannable, std::size(kBannable));
  EXPECT_LE(bannable, std::size_t{kMostExecBans}) << "all of them fit beside each other";
}

TEST(BanOfTest, SaysWhatWasForbidden) {
  ExecBan ban = {};
  ban.effective = CapSet{Cap::kSysAdmin}.bits();
  BannedExec exec = {};
  exec.tgid = 12;
  exec.name[0] = 's';
  exec.facts.effective = CapSet{Cap::kSysAdmin, Cap::kChown}.bits();
  EXPECT_EQ(ProofOf(ban, exec), "pid 12 executed s: CapEff has CAP_SYS_ADMIN");
}

// ---- who is told to the kernel ----

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
    Control control = ControlOf(check, {});
    control.severity = Severity::kHigh;
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
  const std::vector<PlannedBan>& bans = banned.bans;
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
  const PlannedBan& planned = plan.cgroups.begin()->second.bans.front();
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
  ASSERT_EQ(plan.cgroups.begin()->second.bans.size(), 1U) << "a control counts once";
  EXPECT_EQ(plan.cgroups.begin()->second.bans.front().action.rule, "r");
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
  host.scene.Put(host.scene.AddProcess(0), "/docker/c0/job");
  EXPECT_EQ(host.Plan().cgroups.size(), 2U);
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
