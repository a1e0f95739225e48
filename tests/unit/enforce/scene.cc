// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/enforce/scene.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/enforce/history.h"
#include "agent/enforce/plan.h"
#include "agent/evaluate/evaluate.h"
#include "hullmark/glob.h"
#include "hullmark/ids.h"
#include "hullmark/policy.h"
#include "hullmark/report.h"
#include "hullmark/snapshot.h"

namespace hullmark {

Scene::Scene() {
  Snapshot& snapshot = world.snapshot;
  snapshot.vantage.initial_pid_namespace = true;
  snapshot.vantage.initial_user_namespace = true;
  snapshot.vantage.whole_cgroup_view = true;
  snapshot.hierarchies.push_back({.mount_point = snapshot.strings.Intern("/sys/fs/cgroup")});
}

CgroupIndex Scene::Make(std::string_view path) {
  Snapshot& snapshot = world.snapshot;
  const StringId text = snapshot.strings.Intern(path);
  for (std::size_t at = 0; at < snapshot.cgroups.size(); ++at) {
    if (snapshot.cgroups[at].path == text) return CgroupIndex{static_cast<std::uint32_t>(at)};
  }
  std::optional<CgroupIndex> parent;
  if (path != "/") {
    const auto slash = path.rfind('/');
    parent = Make(slash == 0 ? "/" : path.substr(0, slash));
  }
  Cgroup cgroup{.parent = parent, .path = text};
  cgroup.inode = 1000 + snapshot.cgroups.size();
  snapshot.cgroups.push_back(cgroup);
  return CgroupIndex{static_cast<std::uint32_t>(snapshot.cgroups.size() - 1)};
}

void Scene::Put(ProcessIndex process, std::string_view cgroup) {
  const CgroupIndex at = Make(cgroup);
  auto& memberships = world.snapshot.memberships;
  memberships.push_back({.cgroups = {at}});
  At(process).leader.cgroup = MembershipIndex{static_cast<std::uint32_t>(memberships.size() - 1)};
}

void Scene::Executes(ProcessIndex process, std::string_view path) {
  Snapshot& snapshot = world.snapshot;
  snapshot.executables.push_back({.path = snapshot.strings.Intern(path)});
  At(process).executable =
      ExecutableIndex{static_cast<std::uint32_t>(snapshot.executables.size() - 1)};
}

std::uint32_t Scene::AddContainer(std::string_view name) {
  const std::string cgroup = "/docker/" + std::string(name);
  const std::uint32_t container = world.AddContainer(name, std::string(name) + "-id");
  world.snapshot.containers[container].cgroup = Make(cgroup);
  world.snapshot.containers[container].init = AddProcess(container);
  return container;
}

ProcessIndex Scene::AddProcess(std::uint32_t container) {
  const ProcessIndex process = world.AddProcess(container);
  const auto cgroup = *world.snapshot.containers[container].cgroup;
  At(process).stat.start = BootTicks{kBorn / 10};
  At(process).oom_score_adj = std::int16_t{0};
  Put(process, std::string(world.snapshot.Text(world.snapshot.At(cgroup).path)));
  return process;
}

ProcessIndex Scene::AddStranger(std::string_view cgroup, std::string_view executable) {
  const ProcessIndex process{static_cast<std::uint32_t>(world.snapshot.processes.size())};
  Process stranger;
  stranger.pid = Pid{static_cast<pid_t>(100 + world.snapshot.processes.size())};
  stranger.oom_score_adj = std::int16_t{0};
  world.snapshot.processes.push_back(stranger);
  Put(process, cgroup);
  Executes(process, executable);
  return process;
}

Planned Scene::PlanAt(std::int64_t now, History history, std::span<const HeldAction> in_force,
                      std::span<const EndedLife> ended) {
  const Report report = Evaluate(world.snapshot, world.benchmark, {.classes = classes});
  return Plan({.snapshot = world.snapshot,
               .benchmark = world.benchmark,
               .report = report,
               .policy = policy,
               .infrastructure = infrastructure,
               .self = kSelf,
               .looked_at = now,
               .now = now,
               .in_force = in_force,
               .ended = ended},
              std::move(history));
}

Policy PolicyOf(std::vector<Step> steps) {
  Policy policy{.mode = EnforceMode::kEnforce, .grace_after_start = 0};
  policy.rules.push_back(
      {.name = "r", .controls = {Glob("C-0")}, .steps = std::move(steps), .source = "c:1"});
  return policy;
}

}  // namespace hullmark
