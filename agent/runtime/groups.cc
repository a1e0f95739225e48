// SPDX-License-Identifier: Apache-2.0
#include "agent/runtime/groups.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "agent/runtime/host_view.h"
#include "agent/runtime/kinship.h"
#include "agent/runtime/scene.h"
#include "hullmark/ids.h"
#include "hullmark/snapshot.h"

namespace hullmark::runtime {
namespace {

// The cgroup by which processes with unreadable namespaces are held together.
std::optional<CgroupIndex> NamedCgroup(const Scene& scene, const Process& process) {
  const auto cgroup = scene.cgroups.Of(process);
  return cgroup ? scene.cgroups.LayoutAt(*cgroup) : std::nullopt;
}

class Grouping {
 public:
  explicit Grouping(const Scene& scene) : scene_(scene) {
    groups_.of.resize(scene.snapshot.processes.size());
  }

  void Add(Row row) {
    const auto& process = scene_.At(row);
    const auto mounts = process.leader.namespaces[NamespaceKind::kMnt];
    if (!mounts) {
      if (const auto cgroup = NamedCgroup(scene_, process)) {
        Put(row, unreadable_.try_emplace(*cgroup, Next()).first->second, std::nullopt);
      }
      return;
    }
    if (scene_.host.NamespaceOf(process, NamespaceKind::kMnt) == Share::kHost) return;
    if (scene_.host.RootOf(*mounts) == Share::kHost) return;
    Put(row, readable_.try_emplace(*mounts, Next()).first->second, *mounts);
  }

  Groups Take() { return std::move(groups_); }

 private:
  GroupRow Next() const { return static_cast<GroupRow>(groups_.all.size()); }

  void Put(Row row, GroupRow at, std::optional<NamespaceInode> mounts) {
    if (at == groups_.all.size()) groups_.all.emplace_back().mounts = mounts;
    groups_.all[at].rows.push_back(row);
    groups_.of[row] = at;
  }

  const Scene& scene_;
  Groups groups_;
  std::unordered_map<NamespaceInode, GroupRow> readable_;
  std::unordered_map<CgroupIndex, GroupRow> unreadable_;
};

void FindAnchor(const Scene& scene, const Groups& groups, GroupRow at, Group& group) {
  bool found = false;
  for (const Row row : group.rows) {
    const auto parent = scene.kin.parent[row];
    if (parent && groups.of[*parent] == at) continue;
    const bool init = IsInit(scene, scene.At(row));
    const bool better =
        !found || (init != group.has_init ? init : Older(scene.At(row), scene.At(group.anchor)));
    if (!better) continue;
    group.anchor = row;
    group.has_init = init;
    found = true;
  }
}

void FindAbove(const Scene& scene, Groups& groups) {
  std::vector<std::optional<GroupRow>> nearest(groups.of.size());  // Group of any ancestor.
  for (const Row row : scene.kin.order) {
    const auto parent = scene.kin.parent[row];
    if (parent) nearest[row] = groups.of[*parent] ? groups.of[*parent] : nearest[*parent];
  }
  for (GroupRow at = 0; at < groups.all.size(); ++at) {
    auto& group = groups.all[at];
    if (nearest[group.anchor] != at) group.above = nearest[group.anchor];
  }
}

// Processes may join foreign namespaces, so that groups can be above each other: such a circle is
// cut where it is met first.
void FindDepths(Groups& groups) {
  std::vector<bool> known(groups.all.size(), false), met(groups.all.size(), false);
  std::vector<GroupRow> path;
  for (GroupRow start = 0; start < groups.all.size(); ++start) {
    std::optional<GroupRow> at = start;
    while (at && !known[*at] && !met[*at]) {
      met[*at] = true;
      path.push_back(*at);
      at = groups.all[*at].above;
    }
    if (at && !known[*at]) groups.all[path.back()].above = std::nullopt;
    for (; !path.empty(); path.pop_back()) {
      auto& group = groups.all[path.back()];
      group.depth = group.above ? groups.all[*group.above].depth + 1 : 0;
      known[path.back()] = true;
    }
  }
}

// What groups have in common that are one container without being each other's descendants: the
// cgroup that a runtime names; else cgroup, root file system and pid namespace alike.
struct Bond {
  CgroupIndex cgroup{};
  std::optional<RootFs> root;
  std::optional<NamespaceInode> pids;

  friend bool operator==(const Bond&, const Bond&) = default;
};

struct BondHash {
  std::size_t operator()(const Bond& bond) const {
    const auto pids = bond.pids.value_or(NamespaceInode{});
    return std::hash<std::uint64_t>{}(std::uint64_t{std::to_underlying(bond.cgroup)} << 32 |
                                      std::to_underlying(pids));
  }
};

std::optional<Bond> BondOf(const Scene& scene, const Group& group) {
  const auto& process = scene.At(group.anchor);
  const auto cgroup = scene.cgroups.Of(process);
  if (!cgroup) return std::nullopt;
  if (const auto named = scene.cgroups.LayoutAt(*cgroup)) {
    return Bond{.cgroup = *named, .root = {}, .pids = {}};
  }
  const auto pids = process.leader.namespaces[NamespaceKind::kPid];
  const auto root = group.mounts ? scene.host.RootFsOf(*group.mounts) : std::nullopt;
  if (scene.cgroups.IsRoot(*cgroup) || !root || !pids) return std::nullopt;
  return Bond{.cgroup = *cgroup, .root = root, .pids = *pids};
}

bool Leads(const Scene& scene, const Group& a, const Group& b) {
  if (a.depth != b.depth) return a.depth < b.depth;
  if (a.has_init != b.has_init) return a.has_init;
  if (a.mounts.has_value() != b.mounts.has_value()) return a.mounts.has_value();
  return Older(scene.At(a.anchor), scene.At(b.anchor));
}

void FindMains(const Scene& scene, Groups& groups) {
  std::unordered_map<Bond, GroupRow, BondHash> mains;
  std::vector<std::optional<Bond>> bonds;
  for (GroupRow at = 0; at < groups.all.size(); ++at) {
    const auto& bond = bonds.emplace_back(BondOf(scene, groups.all[at]));
    if (!bond) continue;
    const auto [found, first] = mains.try_emplace(*bond, at);
    if (!first && Leads(scene, groups.all[at], groups.all[found->second])) found->second = at;
  }
  for (GroupRow at = 0; at < groups.all.size(); ++at) {
    const auto& bond = bonds[at];
    const auto main = bond ? mains.at(*bond) : at;
    if (main == at) continue;
    groups.all[at].main = main;
    groups.all[main].followers.push_back(at);
  }
}

}  // namespace

bool IsInit(const Scene& scene, const Process& process) {
  if (scene.host.NamespaceOf(process, NamespaceKind::kPid) != Share::kOwn) return false;
  if (process.leader.status) return process.leader.status->innermost_pid == 1;
  // Without its numbers: who has a parent in another pid namespace came first or joined.
  const auto row = static_cast<std::size_t>(&process - scene.snapshot.processes.data());
  const auto parent = scene.kin.parent[row];
  const auto own = process.leader.namespaces[NamespaceKind::kPid];
  if (!parent || !own) return false;
  const auto outer = scene.At(*parent).leader.namespaces[NamespaceKind::kPid];
  return outer && *outer != *own;
}

Groups GroupsOf(const Scene& scene) {
  Grouping grouping(scene);
  for (const Row row : scene.kin.by_age) {
    if (!IsKernelThread(scene.At(row))) grouping.Add(row);
  }
  Groups groups = grouping.Take();
  for (GroupRow at = 0; at < groups.all.size(); ++at) {
    FindAnchor(scene, groups, at, groups.all[at]);
  }
  FindAbove(scene, groups);
  FindDepths(groups);
  FindMains(scene, groups);
  return groups;
}

}  // namespace hullmark::runtime
