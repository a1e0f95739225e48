// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cstddef>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "agent/runtime/groups.h"
#include "agent/runtime/host_view.h"
#include "agent/runtime/kinship.h"
#include "agent/runtime/programs.h"
#include "agent/runtime/scene.h"
#include "agent/runtime/structure.h"
#include "hullmark/ids.h"
#include "hullmark/snapshot.h"

namespace hullmark::runtime {
namespace {

// By which a sandbox is told from another: the first of these that is its own.
using Mark = std::pair<NamespaceKind, NamespaceInode>;

std::optional<Mark> MarkOf(const Scene& scene, const Process& process) {
  constexpr std::array kKinds = {NamespaceKind::kMnt,    NamespaceKind::kUser, NamespaceKind::kPid,
                                 NamespaceKind::kNet,    NamespaceKind::kIpc,  NamespaceKind::kUts,
                                 NamespaceKind::kCgroup, NamespaceKind::kTime};
  for (const NamespaceKind kind : kKinds) {
    const auto inode = process.leader.namespaces[kind];
    if (inode && scene.host.NamespaceOf(process, kind) == Share::kOwn) return Mark{kind, *inode};
  }
  return std::nullopt;
}

// A monitor of a container, or a runtime that has not yet entered what it starts: some have a mount
// namespace of their own, but they are no workload.
bool IsRuntimes(const Scene& scene, const Structure& structure, Row row) {
  const auto& process = scene.At(row);
  if (!IsStarter(ProgramOf(scene, process))) return false;
  const auto cgroup = scene.cgroups.Of(process);
  if (cgroup && scene.cgroups.LayoutAt(*cgroup)) return true;
  return std::ranges::any_of(scene.kin.ChildrenOf(row),
                             [&](Row child) { return structure.owner[child].has_value(); });
}

// What stays behind in the host's pid namespace when unshare(1) or its like starts number 1 of
// another: the starter of a sandbox, not a part of it.
bool StartsInit(const Scene& scene, Row row) {
  if (scene.host.NamespaceOf(scene.At(row), NamespaceKind::kPid) != Share::kHost) return false;
  return std::ranges::any_of(scene.kin.ChildrenOf(row), [&](Row child) {
    const auto& process = scene.At(child);
    return IsInit(scene, process) &&
           scene.host.NamespaceOf(process, NamespaceKind::kPid) == Share::kOwn;
  });
}

// Number 1 of a pid namespace, else the oldest.
Row InitOf(const Scene& scene, const std::vector<Row>& rows) {
  Row best = rows.front();
  bool init = IsInit(scene, scene.At(best));
  for (const Row row : rows) {
    const bool other = IsInit(scene, scene.At(row));
    if (other == init ? !Older(scene.At(row), scene.At(best)) : init) continue;
    best = row;
    init = other;
  }
  return best;
}

// A process is in its parent's sandbox, else in the one that has the same mark.
class Collection {
 public:
  Collection(const Scene& scene, Structure& structure)
      : scene_(scene), structure_(structure), old_(structure.drafts.size()) {}

  // Parents have to come before their children.
  void Add(Row row) {
    if (structure_.owner[row] || IsKernelThread(scene_.At(row))) return;
    const auto mark = MarkOf(scene_, scene_.At(row));
    if (!mark || IsRuntimes(scene_, structure_, row) || StartsInit(scene_, row)) return;
    const auto draft = DraftOf(row, *mark);
    structure_.owner[row] = draft;
    sandboxes_[draft - old_].push_back(row);
  }

  const std::vector<std::vector<Row>>& sandboxes() const { return sandboxes_; }

 private:
  DraftRow DraftOf(Row row, const Mark& mark) {
    const auto parent = scene_.kin.parent[row];
    const auto above = parent ? structure_.owner[*parent] : std::nullopt;
    if (above && *above >= old_) return *above;
    const auto next = static_cast<DraftRow>(old_ + sandboxes_.size());
    const auto [found, first] = marks_.try_emplace(mark, next);
    if (first) sandboxes_.emplace_back();
    return found->second;
  }

  const Scene& scene_;
  Structure& structure_;
  std::size_t old_;  // Drafts that are no sandboxes.
  std::map<Mark, DraftRow> marks_;
  std::vector<std::vector<Row>> sandboxes_;
};

}  // namespace

void FindSandboxes(const Scene& scene, Structure& structure) {
  Collection collection(scene, structure);
  for (const Row row : scene.kin.order) collection.Add(row);
  for (const auto& rows : collection.sandboxes()) {
    const Row init = InitOf(scene, rows);
    structure.drafts.push_back({.container_class = ContainerClass::kSandbox,
                                .init = init,
                                .cgroup = scene.cgroups.OwnOf(init, rows),
                                .parent = std::nullopt,
                                .runtime = SandboxOf(ProgramOf(scene, scene.At(init))),
                                .unit = {}});
  }
}

}  // namespace hullmark::runtime
