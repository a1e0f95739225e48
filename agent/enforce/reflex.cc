// SPDX-License-Identifier: Apache-2.0
#include "agent/enforce/reflex.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/base/covers.h"
#include "agent/enforce/history.h"
#include "agent/enforce/plan.h"
#include "agent/enforce/protection.h"
#include "agent/enforce/recheck.h"
#include "hullmark/action.h"
#include "hullmark/benchmark.h"
#include "hullmark/check.h"
#include "hullmark/ids.h"
#include "hullmark/live.h"
#include "hullmark/policy.h"
#include "hullmark/report.h"
#include "hullmark/snapshot.h"
#include "hullmark/waiver.h"

namespace hullmark {
namespace {

// They go by the mount table, RUN-003 for those that came from outside.
constexpr std::array<std::string_view, 3> kByMount = {"RUN-003", "RUN-005", "RUN-006"};

// The hierarchies in which the container's init is in its own cgroup or below: those that have
// limits, and the one that the container is known by.
std::vector<std::string> HierarchiesOf(const Snapshot& snapshot, const Container& container) {
  const Cgroup& own = snapshot.At(*container.cgroup);
  const auto at = [&](const Cgroup& one) -> const Hierarchy& {
    return snapshot.hierarchies[static_cast<std::size_t>(one.hierarchy)];
  };
  std::vector<std::string> names = {std::string(snapshot.Text(at(own).name))};
  const auto& membership = snapshot.At(*container.init).leader.cgroup;
  if (!membership) return names;
  const std::string_view top = snapshot.Text(own.path);
  for (const CgroupIndex leaf : snapshot.At(*membership).cgroups) {
    const Cgroup& cgroup = snapshot.At(leaf);
    if (cgroup.hierarchy == own.hierarchy || at(cgroup).controllers == 0) continue;
    if (Covers(top, snapshot.Text(cgroup.path))) names.emplace_back(snapshot.Text(at(cgroup).name));
  }
  return names;
}

// The step that a rule takes next with a container; a ladder of another mode begins anew.
std::size_t NextStep(const History& history, const LadderKey& key, bool dry_run) {
  const auto ladder = history.ladders.find(key);
  const bool known = ladder != history.ladders.end() && ladder->second.dry_run == dry_run;
  return known ? ladder->second.next_step : 0;
}

bool IsReady(const History& history, const LadderKey& key, std::int64_t now) {
  const auto ladder = history.ladders.find(key);
  return ladder == history.ladders.end() || now >= ladder->second.ready;
}

class ReflexPlanner {
 public:
  ReflexPlanner(const PlanInput& input, std::span<const Waiver> waivers, const History& history)
      : input_(input), waivers_(waivers), history_(history) {}

  Reflexes Make() {
    if (std::ranges::none_of(input_.policy.rules, MayAct)) return {};
    const Protection protection(input_.snapshot, input_.infrastructure, input_.self);
    for (const ContainerReport& report : input_.report.containers) {
      std::vector<Reflex> reflexes = Of(input_.snapshot.containers[report.container]);
      if (reflexes.empty() || !protection.WhyNot(report.container).empty()) continue;
      reflexes_.emplace(reflexes.front().action.target.life, std::move(reflexes));
    }
    return std::move(reflexes_);
  }

 private:
  static bool MayAct(const Rule& rule) {
    return rule.persists == 0 &&
           std::ranges::count(rule.steps, ActionKind::kKillProcess, &Step::kind) != 0;
  }

  std::vector<Reflex> Of(const Container& container) const {
    std::vector<Reflex> all;
    const auto life = LifeOf(input_.snapshot, container);
    if (!life || IsWithinGrace(input_, history_, *life) || !container.cgroup) return all;
    const Cgroup& own = input_.snapshot.At(*container.cgroup);
    const CgroupPlace place = PlacesOf(input_.snapshot, own).own;
    if (place.directory.empty()) return all;
    const auto hierarchies = HierarchiesOf(input_.snapshot, container);
    const bool of_host =
        RunsHostFiles(input_.snapshot, container, input_.snapshot.At(*container.init));
    for (const EnforceMode mode : {EnforceMode::kEnforce, EnforceMode::kDryRun}) {
      for (const Rule& rule : input_.policy.rules) {
        const bool now = MayAct(rule) && ModeOf(input_.policy, rule) == mode;
        if (!now || !IsMeant(rule, input_.snapshot, container)) continue;
        for (Reflex& reflex : Of(rule, container, *life)) {
          reflex.place = place;
          reflex.path = input_.snapshot.Text(own.path);
          reflex.hierarchies = hierarchies;
          reflex.runs_host_files = of_host;
          all.push_back(std::move(reflex));
        }
      }
    }
    return all;
  }

  std::vector<Reflex> Of(const Rule& rule, const Container& container,
                         const ContainerLife& life) const {
    std::vector<Reflex> all;
    const bool dry_run = ModeOf(input_.policy, rule) != EnforceMode::kEnforce;
    const std::size_t next = NextStep(history_, {rule.name, life}, dry_run);
    if (next >= rule.steps.size() || rule.steps[next].kind != ActionKind::kKillProcess) return all;
    const ActionTarget target = TargetOf(input_.snapshot, container, life);
    for (const Control& control : input_.benchmark.controls) {
      const bool judged = control.check != nullptr && control.disabled.empty() &&
                          control.check->scope() == Scope::kProcess;
      if (!judged || !GoesBy(rule, control)) continue;
      if (std::ranges::find(kByMount, control.id) != kByMount.end()) continue;
      if (IsWaived(control, input_, container, waivers_)) continue;
      all.push_back({.action = {.rule = rule.name,
                                .step_number = next,
                                .step = rule.steps[next],
                                .dry_run = dry_run,
                                .target = target,
                                .control = control.id},
                     .severity = rule.severity});
    }
    return all;
  }

  const PlanInput& input_;
  std::span<const Waiver> waivers_;
  const History& history_;
  Reflexes reflexes_;
};

bool IsDue(const Action& action, std::int64_t now, const History& history) {
  const LadderKey key(action.rule, action.target.life);
  return NextStep(history, key, action.dry_run) == action.step_number &&
         IsReady(history, key, now) && history.LedgerOf(action.dry_run).breaker.empty();
}

}  // namespace

Reflexes PlanReflexes(const PlanInput& input, std::span<const Waiver> waivers,
                      const History& history) {
  return ReflexPlanner(input, waivers, history).Make();
}

Decision Decide(const Offence& offence, const Reflexes& reflexes, const Policy& policy,
                std::size_t containers, std::int64_t now, const History& history) {
  Decision decision;
  const auto own = reflexes.find(offence.life);
  if (own == reflexes.end()) return decision;
  for (const Reflex& reflex : own->second) {
    const auto violation =
        std::ranges::find(offence.violations, reflex.action.control, &LiveViolation::control);
    if (violation == offence.violations.end() || violation->severity < reflex.severity) continue;
    if (!IsDue(reflex.action, now, history)) continue;
    const Ledger& ledger = history.LedgerOf(reflex.action.dry_run);
    if (!Fits(ledger, policy.budget, containers, offence.life.id, now)) {
      decision.is_for_a_look = true;
      continue;
    }
    Action& action = decision.action.emplace(reflex.action);
    action.at = offence.at;
    action.target.process = offence.process;
    action.target.process_started = offence.started;
    action.severity = violation->severity;
    action.evidence = "as it executed: " + violation->fact;
    return decision;
  }
  return decision;
}

void Begin(const Action& action, std::int64_t now, History& history) {
  Ladder& ladder = history.ladders[{action.rule, action.target.life}];
  if (ladder.dry_run != action.dry_run) ladder = {.dry_run = action.dry_run};
  ladder.failing.try_emplace(action.control, now);
  history.LedgerOf(action.dry_run).spent.push_back({.at = now, .container = action.target.life.id});
}

const Reflex* FindReflex(const Reflexes& reflexes, const Action& action) {
  const auto own = reflexes.find(action.target.life);
  if (own == reflexes.end()) return nullptr;
  const auto is_it = [&](const Reflex& reflex) {
    return reflex.action.rule == action.rule && reflex.action.control == action.control;
  };
  const auto found = std::ranges::find_if(own->second, is_it);
  return found == own->second.end() ? nullptr : &*found;
}

}  // namespace hullmark
