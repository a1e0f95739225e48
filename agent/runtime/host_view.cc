// SPDX-License-Identifier: Apache-2.0
#include "agent/runtime/host_view.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <ranges>
#include <string_view>
#include <utility>
#include <vector>

#include "hullmark/facts.h"
#include "hullmark/ids.h"
#include "hullmark/snapshot.h"

namespace hullmark::runtime {
namespace {

constexpr std::array kKinds = {NamespaceKind::kMnt,    NamespaceKind::kPid, NamespaceKind::kNet,
                               NamespaceKind::kIpc,    NamespaceKind::kUts, NamespaceKind::kUser,
                               NamespaceKind::kCgroup, NamespaceKind::kTime};

std::optional<RootFs> RootOfTable(const Snapshot& snapshot, const MountNamespace& row) {
  if (!row.mounts || row.rootless_table) return std::nullopt;
  for (const auto& mount : std::views::reverse(*row.mounts)) {
    if (snapshot.Text(mount.mount_point) == "/") {
      return RootFs{.device = mount.device, .root = mount.root};
    }
  }
  return std::nullopt;
}

}  // namespace

HostView::HostView(const Snapshot& snapshot) : snapshot_(snapshot) {
  for (std::size_t i = 0; i < kNamespaceKinds; ++i) {
    const auto& reference = snapshot.host.namespaces[i];
    if (reference) initial_[i] = reference->inode;
  }
  roots_.reserve(snapshot.mount_namespaces.size());
  for (const auto& row : snapshot.mount_namespaces) roots_.push_back(RootOfTable(snapshot, row));
  const auto& host = snapshot.host.mounts;
  if (!host || std::to_underlying(*host) >= roots_.size()) return;
  host_root_ = roots_[std::to_underlying(*host)];
  const auto& mounts = snapshot.At(*host).mounts;
  if (!mounts) return;
  for (const auto& mount : *mounts) host_mounts_.insert(mount.id);
}

Share HostView::NamespaceOf(const Process& process, NamespaceKind kind) const {
  const auto inode = process.leader.namespaces[kind];
  const auto& initial = initial_[std::to_underlying(kind)];
  if (inode && initial) return *inode == *initial ? Share::kHost : Share::kOwn;
  // NSpid has a number per nested pid namespace, whoever may read the link.
  const auto& status = process.leader.status;
  if (kind != NamespaceKind::kPid || !status || status->pid_depth == 0) return Share::kUnknown;
  if (status->pid_depth > 1) return Share::kOwn;
  return snapshot_.vantage.initial_pid_namespace ? Share::kHost : Share::kUnknown;
}

std::optional<RootFs> HostView::RootFsOf(NamespaceInode inode) const {
  const MountNamespace* row = FindMountNamespace(snapshot_, inode);
  if (row == nullptr) return std::nullopt;
  return roots_[static_cast<std::size_t>(row - snapshot_.mount_namespaces.data())];
}

Share HostView::RootOf(NamespaceInode inode) const {
  const auto root = RootFsOf(inode);
  if (!root || !host_root_) return Share::kUnknown;
  return *root == *host_root_ ? Share::kHost : Share::kOwn;
}

bool HostView::AllHost(const Process& process) const {
  return NamespaceOf(process, NamespaceKind::kMnt) == Share::kHost && !AnyOwn(process);
}

bool HostView::AnyOwn(const Process& process) const {
  return std::ranges::any_of(
      kKinds, [&](NamespaceKind kind) { return NamespaceOf(process, kind) == Share::kOwn; });
}

bool HostView::SharesOwn(const Process& process, const Process& other) const {
  return std::ranges::any_of(kKinds, [&](NamespaceKind kind) {
    const auto inode = process.leader.namespaces[kind];
    const auto others = other.leader.namespaces[kind];
    return inode && others && *inode == *others && NamespaceOf(other, kind) == Share::kOwn;
  });
}

bool HostView::RunsHostFile(const Process& process) const {
  if (!process.executable) return false;
  const auto mount = snapshot_.At(*process.executable).mount_id;
  if (!mount || !host_mounts_.contains(*mount)) return false;
  const auto inode = process.leader.namespaces[NamespaceKind::kMnt];
  const MountNamespace* own = inode ? FindMountNamespace(snapshot_, *inode) : nullptr;
  if (own == nullptr || !own->mounts || own->truncated) return false;
  return std::ranges::find(*own->mounts, *mount, &Mount::id) == own->mounts->end();
}

}  // namespace hullmark::runtime
