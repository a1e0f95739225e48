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
#include "checks/table.h"
#include "hullmark/benchmark.h"
#include "hullmark/caps.h"
#include "hullmark/check.h"
#include "hullmark/facts.h"
#include "hullmark/ids.h"
#include "hullmark/snapshot.h"
#include "tests/unit/checks/builder.h"

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

}  // namespace
}  // namespace hullmark
