// SPDX-License-Identifier: Apache-2.0
#include "agent/enforce/plan.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "agent/enforce/history.h"
#include "agent/enforce/protection.h"
#include "hullmark/action.h"
#include "hullmark/benchmark.h"
#include "hullmark/check.h"
#include "hullmark/glob.h"
#include "hullmark/ids.h"
#include "hullmark/policy.h"
#include "hullmark/report.h"
#include "hullmark/selector.h"
#include "hullmark/snapshot.h"
#include "hullmark/waiver.h"

namespace hullmark {
namespace {

constexpr std::size_t kMostText = 512;  // Bytes of a hostile text.

const FindingEvidence* LivingProof(const PlanInput& input, const ContainerReport& container,
                                   const Finding& finding) {
  const auto& snapshot = input.snapshot;
  const auto& members = snapshot.containers[container.container].members;
  for (auto at = finding.evidence_begin; at < finding.evidence_end; ++at) {
    const FindingEvidence& line = input.report.evidence[at];
    const auto is_it = [&](const Member& member) {
      const Process& process = snapshot.At(member.process);
      return line.pid && process.pid == *line.pid &&
             std::ranges::find(input.ended, EndedLife(process.pid, process.stat.start)) ==
                 input.ended.end();
    };
    if (std::ranges::any_of(members, is_it)) return &line;
  }
  return nullptr;
}

// What a rule finds in a container.
struct Found {
  const Finding* worst = nullptr;  // Of those that have failed for long enough.
  bool fails = false, unclear = false;
};

class Planner {
 public:
  Planner(const PlanInput& input, History history)
      : input_(input),
        protection_(input.snapshot, input.infrastructure, input.self),
        before_(std::move(history)) {}

  Planned Make() {
    TakeOverLedgers();
    for (const Rule& rule : input_.policy.rules) {
      if (ModeOf(input_.policy, rule) == EnforceMode::kOff || BansExecs(rule)) continue;
      for (const ContainerReport& container : input_.report.containers) Look(rule, container);
    }
    // The most severe first, whatever the order of the rules: a budget is not for trifles.
    std::ranges::stable_sort(wanted_, [](const Wanted& a, const Wanted& b) {
      return std::tuple(a.finding->severity, a.finding->points) >
             std::tuple(b.finding->severity, b.finding->points);
    });
    for (const Wanted& wanted : wanted_) Take(wanted);
    TakeBack();
    return std::move(planned_);
  }

 private:
  // A step whose time has come.
  struct Wanted {
    const Rule* rule;
    const ContainerReport* container;
    const Finding* finding;
    LadderKey key;
  };

  void TakeOverLedgers() {
    History& after = planned_.history;
    after.started = before_.started;
    after.pretended = before_.pretended;
    after.enforced = before_.enforced;
    const std::int64_t since = input_.now - input_.policy.budget.per;
    for (Ledger* ledger : {&after.pretended, &after.enforced}) {
      std::erase_if(ledger->spent, [&](const Ledger::Entry& entry) { return entry.at <= since; });
      std::erase_if(ledger->failures, [&](std::int64_t at) { return at <= since; });
    }
    if (input_.now - input_.looked_at > input_.stale_after && after.enforced.breaker.empty()) {
      after.enforced.breaker = "what is known of the host is too old to act upon";
    }
  }

  bool IsInForce(const LadderKey& key) const {
    return std::ranges::any_of(input_.in_force, [&](const HeldAction& one) {
      return one.rule == key.first && one.life == key.second;
    });
  }

  // Another rule has changed what this one would change.
  bool IsTaken(const LadderKey& key, ActionKind kind) const {
    return IsReversible(kind) && std::ranges::any_of(input_.in_force, [&](const HeldAction& one) {
             return one.rule != key.first && one.life == key.second && one.kind == kind;
           });
  }

  Found Find(const Rule& rule, const ContainerReport& container, Ladder& ladder) const {
    Found found;
    std::map<std::string, std::int64_t> failing;
    for (const Finding& finding : container.findings) {
      const Control& control = input_.benchmark.controls[finding.control];
      if (!GoesBy(rule, control)) continue;
      if (finding.status == Status::kUnknown) {
        found.unclear = true;
        continue;
      }
      if (finding.severity < rule.severity) continue;
      if (LivingFail(input_, container, control) == nullptr) {
        found.unclear = found.unclear || MayHideTheLiving(finding);
        continue;
      }
      found.fails = true;
      const auto known = ladder.failing.find(control.id);
      const auto since = known == ladder.failing.end() ? input_.looked_at : known->second;
      failing[control.id] = since;
      if (input_.looked_at - since < rule.persists) continue;
      const auto price = [](const Finding& one) { return std::tuple(one.severity, one.points); };
      if (found.worst == nullptr || price(finding) > price(*found.worst)) found.worst = &finding;
    }
    if (found.fails || !found.unclear) ladder.failing = std::move(failing);
    return found;
  }

  // A finding names some of its offenders: where those were ended since, the others are not known.
  bool MayHideTheLiving(const Finding& finding) const {
    const auto lines = finding.evidence_end - finding.evidence_begin;
    if (finding.status != Status::kFail || finding.offenders <= lines) return false;
    const auto named = std::span(input_.report.evidence).subspan(finding.evidence_begin, lines);
    return std::ranges::any_of(named, [&](const FindingEvidence& line) {
      return line.pid && std::ranges::count(input_.ended, *line.pid, &EndedLife::first) != 0;
    });
  }

  void Look(const Rule& rule, const ContainerReport& container) {
    const Container& one = input_.snapshot.containers[container.container];
    const auto life = LifeOf(input_.snapshot, one);
    if (!life || !IsMeant(rule, input_.snapshot, one)) return;
    const LadderKey key(rule.name, *life);
    const auto known = before_.ladders.find(key);
    const bool dry_run = ModeOf(input_.policy, rule) != EnforceMode::kEnforce;
    Ladder ladder = known == before_.ladders.end() ? Ladder{.dry_run = dry_run} : known->second;
    if (ladder.dry_run != dry_run) ladder = {.failing = ladder.failing, .dry_run = dry_run};
    const Found found = Find(rule, container, ladder);
    if (!found.fails && !found.unclear && !IsInForce(key)) return;  // It is over.
    if (found.worst != nullptr && IsDue(rule, ladder, *life)) {
      wanted_.push_back(
          {.rule = &rule, .container = &container, .finding = found.worst, .key = key});
    }
    planned_.history.ladders.emplace(key, std::move(ladder));
  }

  bool IsDue(const Rule& rule, const Ladder& ladder, const ContainerLife& life) const {
    return ladder.next_step < rule.steps.size() && input_.now >= ladder.ready &&
           !IsWithinGrace(input_, before_, life);
  }

  void Take(const Wanted& wanted) {
    Ladder& ladder = planned_.history.ladders.at(wanted.key);
    const Step& step = wanted.rule->steps[ladder.next_step];
    if (step.kind == ActionKind::kNotify) {
      planned_.actions.push_back(Describe(wanted, ladder));
      return;
    }
    if (IsTaken(wanted.key, step.kind)) return;
    if (!protection_.WhyNot(wanted.container->container).empty()) return;
    Ledger& ledger = planned_.history.LedgerOf(ladder.dry_run);
    Action action = Describe(wanted, ladder);
    const auto containers = input_.report.containers.size();
    if (ledger.breaker.empty() &&
        !Fits(ledger, input_.policy.budget, containers, wanted.key.second.id, input_.now)) {
      ledger.breaker = "rule " + wanted.rule->name + " wanted more than the budget allows";
    }
    if (!ledger.breaker.empty()) {
      if (std::exchange(ladder.told_of_stop, true)) return;
      action.evidence =
          "not done, since the breaker is open (" + ledger.breaker + "), for " + action.evidence;
      action.step = {.kind = ActionKind::kNotify};
      planned_.actions.push_back(std::move(action));
      return;
    }
    ladder.told_of_stop = false;
    ledger.spent.push_back({.at = input_.now, .container = wanted.key.second.id});
    planned_.actions.push_back(std::move(action));
  }

  Action Describe(const Wanted& wanted, const Ladder& ladder) const {
    const Snapshot& snapshot = input_.snapshot;
    const Container& container = snapshot.containers[wanted.container->container];
    const Control& control = input_.benchmark.controls[wanted.finding->control];
    Action action{.at = snapshot.taken_at,
                  .rule = wanted.rule->name,
                  .step_number = ladder.next_step,
                  .step = wanted.rule->steps[ladder.next_step],
                  .dry_run = ladder.dry_run,
                  .target = TargetOf(snapshot, container, wanted.key.second),
                  .control = control.id,
                  .severity = wanted.finding->severity,
                  .evidence = ProofOf(*wanted.container, *wanted.finding)};
    const auto* proof = LivingProof(input_, *wanted.container, *wanted.finding);
    if (proof != nullptr) Blame(*proof->pid, container, action.target);
    return action;
  }

  void Blame(Pid pid, const Container& container, ActionTarget& target) const {
    for (const Member& member : container.members) {
      const Process& process = input_.snapshot.At(member.process);
      if (process.pid != pid) continue;
      target.process = pid;
      target.process_started = process.stat.start;
    }
  }

  std::string ProofOf(const ContainerReport& container, const Finding& finding) const {
    const auto* line = LivingProof(input_, container, finding);
    if (line == nullptr && finding.evidence_begin < finding.evidence_end) {
      line = &input_.report.evidence[finding.evidence_begin];
    }
    if (line == nullptr) return "";
    const std::string path = PathOf(input_.snapshot, input_.report, *line);
    std::string text = path.empty() ? "" : path + ": ";
    text += input_.report.strings[line->fact];
    return text.substr(0, kMostText);
  }

  void TakeBack() {
    for (const HeldAction& one : input_.in_force) {
      const std::string why = WhyTakeBack(one);
      if (!why.empty()) planned_.undo.push_back({.id = one.id, .why = why});
    }
  }

  std::string WhyTakeBack(const HeldAction& one) const {
    const auto rule = std::ranges::find(input_.policy.rules, one.rule, &Rule::name);
    if (rule == input_.policy.rules.end()) return "there is no such rule any more";
    if (ModeOf(input_.policy, *rule) != EnforceMode::kEnforce)
      return "the rule does not act any more";
    const auto lives = [&](const Container& container) {
      return LifeOf(input_.snapshot, container) == one.life;
    };
    return std::ranges::any_of(input_.snapshot.containers, lives) ? "" : "the container is gone";
  }

  const PlanInput& input_;
  Protection protection_;
  History before_;
  Planned planned_;
  std::vector<Wanted> wanted_;
};

}  // namespace

std::optional<ContainerLife> LifeOf(const Snapshot& snapshot, const Container& container) {
  if (!container.init) return std::nullopt;
  const Process& init = snapshot.At(*container.init);
  return ContainerLife{
      .id = std::string(snapshot.Text(container.id)), .init = init.pid, .started = init.stat.start};
}

ActionTarget TargetOf(const Snapshot& snapshot, const Container& container, ContainerLife life) {
  const auto cut = [&](StringId text) {
    return std::string(snapshot.Text(text).substr(0, kMostText));
  };
  ActionTarget target{.life = std::move(life), .name = cut(container.name)};
  if (container.image) target.image = cut(*container.image);
  if (container.kubernetes) {
    target.name_space = cut(container.kubernetes->name_space);
    target.pod = cut(container.kubernetes->pod);
  }
  target.runtime = container.runtime;
  target.container_class = container.container_class;
  if (container.cgroup && snapshot.At(*container.cgroup).inode) {
    target.cgroup_inode = *snapshot.At(*container.cgroup).inode;
  }
  return target;
}

bool GoesBy(const Rule& rule, const Control& control) {
  return std::ranges::any_of(rule.controls,
                             [&](const Glob& glob) { return glob.Matches(control.id); });
}

bool IsMeant(const Rule& rule, const Snapshot& snapshot, const Container& container) {
  return std::ranges::find(rule.classes, container.container_class) != rule.classes.end() &&
         Selects(rule.select, snapshot, container, Belief::kAll);
}

const Finding* LivingFail(const PlanInput& input, const ContainerReport& container,
                          const Control& control) {
  for (const Finding& finding : container.findings) {
    if (&input.benchmark.controls[finding.control] != &control) continue;
    if (finding.status != Status::kFail) return nullptr;
    const bool of_processes = control.check != nullptr && control.check->scope() == Scope::kProcess;
    const bool living = !of_processes || LivingProof(input, container, finding) != nullptr;
    return living ? &finding : nullptr;
  }
  return nullptr;
}

bool IsWaived(const Control& control, const PlanInput& input, const Container& container,
              std::span<const Waiver> waivers) {
  return std::ranges::any_of(waivers, [&](const Waiver& waiver) {
    const bool covers = control.severity != Severity::kCritical || waiver.allow_critical;
    return covers && waiver.control.Matches(control.id) &&
           input.snapshot.taken_at < waiver.expires &&
           Selects(waiver.select, input.snapshot, container, Belief::kRootOnly);
  });
}

bool IsWithinGrace(const PlanInput& input, const History& history, const ContainerLife& life) {
  constexpr std::int64_t kMillisPerTick = 10;
  const auto born = static_cast<std::int64_t>(life.started) * kMillisPerTick;
  return input.now - std::max(history.started, born) < input.policy.grace_after_start;
}

Planned Plan(const PlanInput& input, History history) {
  return Planner(input, std::move(history)).Make();
}

}  // namespace hullmark
