// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "agent/runtime/host_view.h"
#include "agent/runtime/kinship.h"
#include "agent/runtime/layouts.h"
#include "agent/runtime/scene.h"
#include "agent/runtime/structure.h"
#include "hullmark/ids.h"
#include "hullmark/limits.h"
#include "hullmark/snapshot.h"

namespace hullmark::runtime {
namespace {

// Where systemd keeps its units: its own v1 hierarchy, else v2, else where limits are.
std::optional<HierarchyIndex> UnitHierarchy(const Scene& scene) {
  std::optional<HierarchyIndex> unified;
  const auto& hierarchies = scene.snapshot.hierarchies;
  for (std::size_t i = 0; i < hierarchies.size(); ++i) {
    const HierarchyIndex hierarchy{static_cast<std::uint32_t>(i)};
    if (scene.snapshot.Text(hierarchies[i].name) == "name=systemd") return hierarchy;
    if (hierarchies[i].version == CgroupVersion::kV2) unified = hierarchy;
  }
  if (unified || scene.cgroups.preference().empty()) return unified;
  return scene.cgroups.preference().front();
}

// The innermost unit that the process is in.
std::optional<CgroupIndex> UnitOf(const Scene& scene, HierarchyIndex hierarchy,
                                  const Process& process) {
  auto at = scene.cgroups.Of(process, hierarchy);
  while (at && !BaseName(scene.cgroups.PathOf(*at)).ends_with(".service")) {
    at = scene.cgroups.Above(*at);
  }
  return at;
}

// The unit's directory where limits are.
std::optional<CgroupIndex> LimitedBy(const Scene& scene, CgroupIndex unit, const Process& process) {
  const auto path = scene.snapshot.At(unit).path;
  for (const HierarchyIndex hierarchy : scene.cgroups.preference()) {
    if (scene.snapshot.hierarchies[std::to_underlying(hierarchy)].controllers == 0) continue;
    auto at = scene.cgroups.Of(process, hierarchy);
    while (at && scene.snapshot.At(*at).path != path) at = scene.cgroups.Above(*at);
    if (at) return at;
  }
  return std::nullopt;
}

// A process in a pid namespace of its own below a service that is in the host's: the service
// started a sandbox. A service that systemd gave such a namespace is in it from its first process
// on.
bool LeftTheService(const Scene& scene, const Process& first, const Process& process) {
  const auto of = [&](const Process& one) {
    return scene.host.NamespaceOf(one, NamespaceKind::kPid);
  };
  return of(first) == Share::kHost && of(process) == Share::kOwn;
}

}  // namespace

void FindServices(const Scene& scene, Structure& structure) {
  const auto hierarchy = UnitHierarchy(scene);
  if (!hierarchy) return;
  std::unordered_map<CgroupIndex, DraftRow> units;
  for (const Row row : scene.kin.by_age) {
    const auto& process = scene.At(row);
    if (structure.owner[row] || IsKernelThread(process)) continue;
    const auto unit = UnitOf(scene, *hierarchy, process);
    if (!unit) continue;
    const auto next = static_cast<DraftRow>(structure.drafts.size());
    const auto [found, first] = units.try_emplace(*unit, next);
    if (!first) {
      const Row oldest = structure.drafts[found->second].init;
      if (!LeftTheService(scene, scene.At(oldest), process)) structure.owner[row] = found->second;
      continue;
    }
    structure.owner[row] = next;
    structure.drafts.push_back({.container_class = ContainerClass::kService,
                                .init = row,
                                .cgroup = LimitedBy(scene, *unit, process),
                                .parent = std::nullopt,
                                .runtime = Runtime::kSystemd,
                                .unit = scene.cgroups.PathOf(*unit)});
  }
}

}  // namespace hullmark::runtime
