// SPDX-License-Identifier: Apache-2.0
#include "agent/enforce/recheck.h"

#include <algorithm>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "agent/enforce/limit_change.h"
#include "agent/enforce/plan.h"
#include "agent/enforce/protection.h"
#include "hullmark/action.h"
#include "hullmark/benchmark.h"
#include "hullmark/check.h"
#include "hullmark/ids.h"
#include "hullmark/limits.h"
#include "hullmark/policy.h"
#include "hullmark/report.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

std::unexpected<Error> Differs(std::string what) {
  return Fail(ErrorCode::kVanished, std::move(what));
}

const ContainerReport* FindContainer(const PlanInput& input, const ContainerLife& life) {
  const auto found = std::ranges::find_if(input.report.containers, [&](const auto& one) {
    return LifeOf(input.snapshot, input.snapshot.containers[one.container]) == life;
  });
  return found == input.report.containers.end() ? nullptr : &*found;
}

// A reload may have changed the rule since the action was planned.
Result<void> CheckRule(const PlanInput& input, const Action& action, const Rule& rule) {
  if (ModeOf(input.policy, rule) != EnforceMode::kEnforce) {
    return Differs("the rule does not act any more");
  }
  if (action.step_number >= rule.steps.size() ||
      rule.steps[action.step_number].kind != action.step.kind) {
    return Differs("the rule has another step by now");
  }
  return {};
}

Result<void> CheckViolation(const PlanInput& input, const Action& action, const Rule& rule,
                            const ContainerReport& container) {
  const auto control = std::ranges::find(input.benchmark.controls, action.control, &Control::id);
  if (control == input.benchmark.controls.end()) return Differs("there is no such control");
  if (!GoesBy(rule, *control)) return Differs("the rule is not about " + control->id + " any more");
  const Finding* finding = LivingFail(input, container, *control);
  if (finding == nullptr) return Differs(action.control + " does not fail any more");
  if (finding->severity < rule.severity) {
    return Differs(action.control + " is not severe enough any more");
  }
  if (action.step.kind != ActionKind::kKillProcess) return {};
  for (auto at = finding->evidence_begin; at < finding->evidence_end; ++at) {
    if (input.report.evidence[at].pid == action.target.process) return {};
  }
  return Differs("the process does not fail " + action.control + " any more");
}

Result<void> CheckProcess(const PlanInput& input, const Action& action,
                          const Container& container) {
  if (action.step.kind != ActionKind::kKillProcess) return {};
  for (const Member& member : container.members) {
    const Process& process = input.snapshot.At(member.process);
    if (process.pid != action.target.process) continue;
    if (process.stat.start != action.target.process_started) break;
    if (member.outside_cgroup) return Differs("the process is not in the container's cgroup");
    return {};
  }
  return Differs("the process is not the container's any more");
}

bool HasController(const Hierarchy& hierarchy, Controller controller) {
  return (hierarchy.controllers >> std::to_underlying(controller) & 1) != 0;
}

Result<Confirmed> Confirm(const PlanInput& input, const Action& action,
                          const Container& container) {
  const Snapshot& snapshot = input.snapshot;
  Confirmed confirmed{.disks = snapshot.host.disks};
  const auto& limit = container.limits.memory.value;
  if (limit) confirmed.memory_limit = *limit;
  const auto& status = snapshot.At(*container.init).leader.status;
  confirmed.is_pid_1 = status && status->innermost_pid == 1 && status->pid_depth > 1;
  if (!container.cgroup) {
    if (action.target.cgroup_inode) return Differs("it has no cgroup of its own any more");
    return confirmed;
  }
  const Cgroup& own = snapshot.At(*container.cgroup);
  if (!own.inode || own.deleted || action.target.cgroup_inode != *own.inode) {
    return Differs("it is in another cgroup");
  }
  confirmed.places = PlacesOf(snapshot, own);
  if (confirmed.places->own.directory.empty()) return Differs("its cgroup cannot be seen");
  return confirmed;
}

}  // namespace

ContainerPlaces PlacesOf(const Snapshot& snapshot, const Cgroup& own) {
  ContainerPlaces places;
  for (const Cgroup& cgroup : snapshot.cgroups) {
    if (cgroup.path != own.path || !cgroup.inode || cgroup.deleted) continue;
    const Hierarchy& hierarchy = snapshot.hierarchies[static_cast<std::size_t>(cgroup.hierarchy)];
    const std::string mount(snapshot.Text(hierarchy.mount_point));
    if (mount.empty() || !hierarchy.whole) continue;
    const CgroupPlace place{.directory = mount + std::string(snapshot.Text(cgroup.path)),
                            .inode = *cgroup.inode};
    const ContainerPlaces::Place limits{.place = place, .version = hierarchy.version};
    if (&cgroup == &own) places.own = place;
    if (HasController(hierarchy, Controller::kCpu)) places.cpu = limits;
    if (HasController(hierarchy, Controller::kPids)) places.pids = limits;
    if (HasController(hierarchy, Controller::kMemory)) places.memory = limits;
    if (HasController(hierarchy, Controller::kIo)) places.io = limits;
    if (hierarchy.version == CgroupVersion::kV2) places.unified = place;
    if (snapshot.Text(hierarchy.name) == "freezer") places.freezer = place;
  }
  return places;
}

Result<Confirmed> Recheck(const PlanInput& input, const Action& action) {
  const auto rule = std::ranges::find(input.policy.rules, action.rule, &Rule::name);
  if (rule == input.policy.rules.end()) return Differs("there is no such rule any more");
  auto checked = CheckRule(input, action, *rule);
  if (!checked) return std::unexpected(checked.error());
  const ContainerReport* report = FindContainer(input, action.target.life);
  if (report == nullptr) return Differs("the container is gone");
  const Container& container = input.snapshot.containers[report->container];
  if (!IsMeant(*rule, input.snapshot, container)) {
    return Differs("the rule does not mean the container any more");
  }
  const std::string why =
      Protection(input.snapshot, input.infrastructure, input.self).WhyNot(report->container);
  if (!why.empty()) return Fail(ErrorCode::kDenied, why);
  checked = CheckViolation(input, action, *rule, *report);
  if (checked) checked = CheckProcess(input, action, container);
  if (!checked) return std::unexpected(checked.error());
  return Confirm(input, action, container);
}

}  // namespace hullmark
