// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstddef>
#include <map>
#include <optional>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "agent/runtime/cgroup_tree.h"
#include "agent/runtime/groups.h"
#include "agent/runtime/host_view.h"
#include "agent/runtime/kinship.h"
#include "agent/runtime/layouts.h"
#include "agent/runtime/programs.h"
#include "agent/runtime/scene.h"
#include "agent/runtime/structure.h"
#include "hullmark/ids.h"
#include "hullmark/snapshot.h"

namespace hullmark::runtime {
namespace {

// The processes of a group and of those that follow it, with all their descendants.
std::vector<Row> InsideOf(const Scene& scene, const Groups& groups, const Group& group) {
  std::vector<bool> seen(groups.of.size(), false);
  std::vector<Row> inside;
  const auto add = [&](Row row) {
    if (seen[row] || IsKernelThread(scene.At(row))) return;
    seen[row] = true;
    inside.push_back(row);
  };
  for (const Row row : group.rows) add(row);
  for (const GroupRow follower : group.followers) {
    for (const Row row : groups.all[follower].rows) add(row);
  }
  for (std::size_t done = 0; done < inside.size();) {  // It grows meanwhile.
    for (const Row child : scene.kin.ChildrenOf(inside[done++])) add(child);
  }
  return inside;
}

// A service or snap with a root directory of its own: one unit, nothing else of its own.
bool IsUnit(std::string_view path) {
  if (BaseName(path).starts_with("snap.")) return true;
  return path.ends_with(".service") || path.contains(".service/");
}

class Decision {
 public:
  Decision(const Scene& scene, const Groups& groups)
      : scene_(scene), groups_(groups), container_(groups.all.size()) {}

  void Decide() {
    std::vector<GroupRow> order(groups_.all.size());
    for (GroupRow at = 0; at < order.size(); ++at) order[at] = at;
    std::ranges::stable_sort(order, {}, [this](GroupRow at) {
      return std::tuple(groups_.all[at].depth, groups_.all[at].main.has_value());
    });
    for (const GroupRow at : order) container_[at] = ContainerOf(at);
  }

  std::vector<Draft> TakeDrafts() { return std::move(drafts_); }
  [[nodiscard]] std::optional<DraftRow> Of(std::optional<GroupRow> group) const {
    return group ? container_[*group] : std::nullopt;
  }

 private:
  std::optional<DraftRow> ContainerOf(GroupRow at) {
    const auto& group = groups_.all[at];
    const auto outer = Of(group.above);
    const auto same = Of(group.main);
    if (same && same != outer) return same;
    const auto own = OwnCgroup(group);
    if (outer) return IsNested(group, *outer, own) ? Add(group, own, outer) : outer;
    return IsContainer(group, own) ? Add(group, own, std::nullopt) : std::nullopt;
  }

  [[nodiscard]] std::optional<CgroupIndex> OwnCgroup(const Group& group) const {
    return scene_.cgroups.OwnOf(group.anchor, InsideOf(scene_, groups_, group));
  }

  [[nodiscard]] bool IsNamed(std::optional<CgroupIndex> cgroup) const {
    return cgroup && scene_.cgroups.LayoutAt(*cgroup) == cgroup;
  }

  [[nodiscard]] bool IsContainer(const Group& group, std::optional<CgroupIndex> own) const {
    const auto root = group.mounts ? scene_.host.RootOf(*group.mounts) : Share::kUnknown;
    const bool init = InitOf(group, own) != std::nullopt;
    if (root == Share::kUnknown) return init || IsNamed(own);
    const auto user = scene_.host.NamespaceOf(scene_.At(group.anchor), NamespaceKind::kUser);
    if (init || user == Share::kOwn || IsNamed(own)) return true;
    return own && !IsUnit(scene_.cgroups.PathOf(*own));
  }

  // A container of its own inside of another: sandboxes of programs and services of a container's
  // own systemd are not, they lack a cgroup or a root file system that is not their container's.
  [[nodiscard]] bool IsNested(const Group& group, DraftRow outer,
                              std::optional<CgroupIndex> own) const {
    if (!own || !group.mounts || own == drafts_[outer].cgroup) return false;
    const auto& init = scene_.At(drafts_[outer].init);
    const auto& process = scene_.At(group.anchor);
    const auto outer_mounts = init.leader.namespaces[NamespaceKind::kMnt];
    const auto root = scene_.host.RootFsOf(*group.mounts);
    if (!outer_mounts || !root || root == scene_.host.RootFsOf(*outer_mounts)) return false;
    const auto pids = process.leader.namespaces[NamespaceKind::kPid];
    const auto outer_pids = init.leader.namespaces[NamespaceKind::kPid];
    return IsNamed(own) || (pids && outer_pids && *pids != *outer_pids);
  }

  // Number 1 of its pid namespace. A runtime that shares its mount namespace with what it starts
  // has its init among its descendants; where there is a cgroup, that may be anybody's unshare(1).
  [[nodiscard]] std::optional<Row> InitOf(const Group& group,
                                          std::optional<CgroupIndex> own) const {
    if (group.has_init) return group.anchor;
    if (own) return std::nullopt;
    std::optional<Row> oldest;
    for (const Row row : group.rows) {
      if (!IsInit(scene_, scene_.At(row))) continue;
      if (!oldest || Older(scene_.At(row), scene_.At(*oldest))) oldest = row;
    }
    return oldest;
  }

  std::optional<DraftRow> Add(const Group& group, std::optional<CgroupIndex> own,
                              std::optional<DraftRow> outer) {
    drafts_.push_back({.container_class = ContainerClass::kContainer,
                       .init = InitOf(group, own).value_or(group.anchor),
                       .cgroup = own,
                       .parent = outer,
                       .runtime = Runtime::kUnknown,
                       .unit = {}});
    return static_cast<DraftRow>(drafts_.size() - 1);
  }

  const Scene& scene_;
  const Groups& groups_;
  std::vector<std::optional<DraftRow>> container_;  // Per group.
  std::vector<Draft> drafts_;
};

// In the container's cgroup without an ancestor in it: its own where some namespace of the
// container's says so, or where none can be read; else a shim, a monitor, a runtime on its way in.
bool BelongsByNamespace(const Scene& scene, const Process& process, const Process& init) {
  if (!process.leader.namespaces[NamespaceKind::kMnt]) return true;
  return scene.host.SharesOwn(process, init);
}

class Ownership {
 public:
  Ownership(const Scene& scene, const std::vector<Draft>& drafts)
      : scene_(scene), drafts_(drafts), of_cgroup_(scene.snapshot.cgroups.size()) {
    for (DraftRow at = 0; at < drafts.size(); ++at) {
      const auto cgroup = drafts[at].cgroup;
      if (cgroup) of_cgroup_[std::to_underlying(*cgroup)] = at;
    }
  }

  [[nodiscard]] std::optional<DraftRow> ByCgroup(const Process& process) const {
    if (!process.leader.cgroup) return std::nullopt;
    for (const CgroupIndex leaf : scene_.snapshot.At(*process.leader.cgroup).cgroups) {
      const auto draft = AtOrAbove(leaf);
      if (!draft) continue;
      if (BelongsByNamespace(scene_, process, scene_.At(drafts_[*draft].init))) return draft;
    }
    return std::nullopt;
  }

 private:
  [[nodiscard]] std::optional<DraftRow> AtOrAbove(std::optional<CgroupIndex> at) const {
    for (; at; at = scene_.cgroups.Above(*at)) {
      if (const auto draft = of_cgroup_[std::to_underlying(*at)]) return draft;
    }
    return std::nullopt;
  }

  const Scene& scene_;
  const std::vector<Draft>& drafts_;
  std::vector<std::optional<DraftRow>> of_cgroup_;
};

// A sandbox of a program of the host, gVisor's kernel: told by an init that executes a file which
// only the host can see. A container cannot arrange that without the host's help.
void TellByInit(const Scene& scene, Draft& draft) {
  const auto& init = scene.At(draft.init);
  if (!scene.host.RunsHostFile(init)) return;
  const auto program = ProgramOf(scene, init);
  if (program == "bwrap" || !draft.cgroup) {
    draft.container_class = ContainerClass::kSandbox;
    draft.runtime = program == "bwrap" ? Runtime::kBubblewrap : Runtime::kUnknown;
    return;
  }
  const bool user = scene.host.NamespaceOf(init, NamespaceKind::kUser) == Share::kOwn;
  if (!user || !program.starts_with("runsc") || !scene.cgroups.LayoutAt(*draft.cgroup)) return;
  draft.container_class = ContainerClass::kVm;
  draft.runtime = Runtime::kGvisor;
}

// In a mount namespace of its own, with the host's root for its root.
bool SeesHostRoot(const Scene& scene, const Process& process) {
  const auto mounts = process.leader.namespaces[NamespaceKind::kMnt];
  return mounts && scene.host.NamespaceOf(process, NamespaceKind::kMnt) == Share::kOwn &&
         scene.host.RootOf(*mounts) == Share::kHost;
}

// A monitor, or a runtime that has not yet entered what it starts.
bool IsStillOutside(const Scene& scene, const Process& process) {
  return IsStarter(ProgramOf(scene, process)) &&
         scene.host.NamespaceOf(process, NamespaceKind::kPid) == Share::kHost;
}

// Containers that changed their root to the host's, which they were given as a volume: told by
// their cgroup's name, or by an init in a cgroup of its own.
class Chrooted {
 public:
  Chrooted(const Scene& scene, Structure& structure) : scene_(scene), structure_(structure) {}

  void Find() {
    std::map<CgroupIndex, std::vector<Row>> named;
    std::vector<Row> inits;
    for (const Row row : scene_.kin.by_age) {
      const auto& process = scene_.At(row);
      if (structure_.owner[row] || IsKernelThread(process) || !SeesHostRoot(scene_, process)) {
        continue;
      }
      const auto cgroup = scene_.cgroups.Of(process);
      const auto name = cgroup ? scene_.cgroups.LayoutAt(*cgroup) : std::nullopt;
      if (name && !IsStillOutside(scene_, process)) named[*name].push_back(row);
      if (!name && IsInit(scene_, process)) inits.push_back(row);
    }
    for (const auto& [cgroup, rows] : named) Add(InitOf(rows), WithDescendants(rows));
    for (const Row init : inits) AddUnnamed(init);
  }

 private:
  [[nodiscard]] Row InitOf(const std::vector<Row>& rows) const {
    const auto init =
        std::ranges::find_if(rows, [&](Row row) { return IsInit(scene_, scene_.At(row)); });
    return init != rows.end() ? *init : rows.front();
  }

  [[nodiscard]] std::vector<Row> WithDescendants(std::vector<Row> rows) const {
    std::vector<bool> seen(structure_.owner.size(), false);
    for (const Row row : rows) seen[row] = true;
    for (std::size_t done = 0; done < rows.size();) {  // It grows meanwhile.
      for (const Row child : scene_.kin.ChildrenOf(rows[done++])) {
        if (seen[child] || structure_.owner[child] || IsKernelThread(scene_.At(child))) continue;
        seen[child] = true;
        rows.push_back(child);
      }
    }
    return rows;
  }

  void Add(Row init, const std::vector<Row>& inside) {
    const auto at = static_cast<DraftRow>(structure_.drafts.size());
    structure_.drafts.push_back({.container_class = ContainerClass::kContainer,
                                 .init = init,
                                 .cgroup = scene_.cgroups.OwnOf(init, inside),
                                 .parent = std::nullopt,
                                 .runtime = Runtime::kUnknown,
                                 .unit = {}});
    for (const Row row : inside) structure_.owner[row] = at;
  }

  void AddUnnamed(Row init) {
    if (structure_.owner[init] || scene_.host.RunsHostFile(scene_.At(init))) return;
    const auto inside = WithDescendants({init});
    const auto own = scene_.cgroups.OwnOf(init, inside);
    if (own && !IsUnit(scene_.cgroups.PathOf(*own))) Add(init, inside);
  }

  const Scene& scene_;
  Structure& structure_;
};

}  // namespace

Structure FindContainers(const Scene& scene) {
  const Groups groups = GroupsOf(scene);
  Decision decision(scene, groups);
  decision.Decide();
  Structure structure{.drafts = decision.TakeDrafts(), .owner = {}};
  for (auto& draft : structure.drafts) TellByInit(scene, draft);
  structure.owner.resize(scene.snapshot.processes.size());
  const Ownership ownership(scene, structure.drafts);
  for (const Row row : scene.kin.order) {
    if (IsKernelThread(scene.At(row))) continue;
    auto& owner = structure.owner[row];
    owner = decision.Of(groups.of[row]);
    const auto parent = scene.kin.parent[row];
    if (!owner && parent) owner = structure.owner[*parent];
    if (!owner) owner = ownership.ByCgroup(scene.At(row));
  }
  return structure;
}

void FindChrooted(const Scene& scene, Structure& structure) { Chrooted(scene, structure).Find(); }

}  // namespace hullmark::runtime
