// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "agent/runtime/host_view.h"
#include "agent/runtime/kinship.h"
#include "agent/runtime/layouts.h"
#include "agent/runtime/scene.h"
#include "agent/runtime/structure.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark::runtime {
namespace {

bool HasHostRoot(const Scene& scene, const Process& process) {
  const auto mounts = process.leader.namespaces[NamespaceKind::kMnt];
  if (!mounts) return false;
  if (scene.host.NamespaceOf(process, NamespaceKind::kMnt) == Share::kHost) return true;
  // A hypervisor is in the host's pid namespace; who has one of its own and the host's root besides
  // is a container that changed its root.
  return scene.host.RootOf(*mounts) == Share::kHost &&
         scene.host.NamespaceOf(process, NamespaceKind::kPid) != Share::kOwn;
}

// What is left over in the cgroups that look like a container's, by cgroup; the oldest first.
std::map<CgroupIndex, std::vector<Row>> LeftInNamedCgroups(const Scene& scene,
                                                           const Structure& structure) {
  std::map<CgroupIndex, std::vector<Row>> left;
  for (const Row row : scene.kin.by_age) {
    const auto& process = scene.At(row);
    if (structure.owner[row] || IsKernelThread(process) || !HasHostRoot(scene, process)) continue;
    const auto cgroup = scene.cgroups.Of(process);
    const auto named = cgroup ? scene.cgroups.LayoutAt(*cgroup) : std::nullopt;
    if (named) left[*named].push_back(row);
  }
  return left;
}

// The machine, its descendants and what has namespaces of its own beside it (a file server); a shim
// has the host's.
std::vector<Row> CrewOf(const Scene& scene, const std::vector<Row>& rows,
                        const std::vector<bool>& machine) {
  std::vector<bool> crew = machine;
  std::vector<Row> found;
  for (const Row row : rows) {  // A parent is older than its children.
    const auto parent = scene.kin.parent[row];
    crew[row] = crew[row] || (parent && crew[*parent]) || scene.host.AnyOwn(scene.At(row));
    if (crew[row]) found.push_back(row);
  }
  return found;
}

// An engine that has a virtual machine in a container's place is Kata's, whatever it is called.
Runtime RuntimeOf(const Scene& scene, CgroupIndex cgroup) {
  constexpr std::array kEngines = {Runtime::kContainerd, Runtime::kCrio, Runtime::kDocker,
                                   Runtime::kPodman, Runtime::kKata};
  const auto match = scene.cgroups.MatchAt(cgroup);
  const bool engine = match && std::ranges::find(kEngines, match->runtime) != kEngines.end();
  return engine ? Runtime::kKata : Runtime::kUnknown;
}

}  // namespace

void FindMachines(const Scene& scene, const std::function<Fact<bool>(const Process&)>& runs_machine,
                  Structure& structure) {
  for (const auto& [cgroup, rows] : LeftInNamedCgroups(scene, structure)) {
    std::vector<bool> machine(scene.snapshot.processes.size(), false);
    std::optional<Row> oldest;
    for (const Row row : rows) {
      machine[row] = runs_machine(scene.At(row)).value_or(false);
      if (machine[row] && !oldest) oldest = row;
    }
    if (!oldest) continue;
    const auto crew = CrewOf(scene, rows, machine);
    const auto at = static_cast<DraftRow>(structure.drafts.size());
    structure.drafts.push_back({.container_class = ContainerClass::kVm,
                                .init = *oldest,
                                .cgroup = scene.cgroups.OwnOf(*oldest, crew),
                                .parent = std::nullopt,
                                .runtime = RuntimeOf(scene, cgroup),
                                .unit = {}});
    for (const Row row : crew) structure.owner[row] = at;
  }
}

}  // namespace hullmark::runtime
