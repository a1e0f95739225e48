// SPDX-License-Identifier: Apache-2.0
#include "agent/runtime/container_finder.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "hullmark/facts.h"
#include "hullmark/ids.h"
#include "hullmark/snapshot.h"

namespace hullmark {

ContainerFinder::ContainerFinder(const Snapshot& snapshot) {
  std::vector<std::optional<std::uint32_t>> owners(snapshot.processes.size());
  for (std::uint32_t at = 0; at < snapshot.containers.size(); ++at) {
    for (const Member& member : snapshot.containers[at].members) {
      owners[static_cast<std::size_t>(member.process)] = at;
    }
  }
  for (std::size_t at = 0; at < owners.size(); ++at) {
    Add(snapshot.processes[at].leader.namespaces, owners[at]);
  }
}

void ContainerFinder::Add(const Namespaces& namespaces, std::optional<std::uint32_t> owner) {
  Add(mounts_, namespaces[NamespaceKind::kMnt], owner);
  Add(pids_, namespaces[NamespaceKind::kPid], owner);
}

void ContainerFinder::Add(Owners& owners, const Fact<NamespaceInode>& inode,
                          std::optional<std::uint32_t> owner) {
  if (!inode) return;
  const auto [known, is_new] = owners.try_emplace(std::to_underlying(*inode), owner);
  if (!is_new && known->second != owner) known->second.reset();
}

std::optional<std::uint32_t> ContainerFinder::OwnerOf(const Owners& owners,
                                                      const Fact<NamespaceInode>& inode) {
  if (!inode) return std::nullopt;
  const auto known = owners.find(std::to_underlying(*inode));
  return known == owners.end() ? std::nullopt : known->second;
}

std::optional<std::uint32_t> ContainerFinder::Find(const Namespaces& namespaces) const {
  if (const auto owner = OwnerOf(mounts_, namespaces[NamespaceKind::kMnt])) return owner;
  return OwnerOf(pids_, namespaces[NamespaceKind::kPid]);
}

bool ContainerFinder::Knows(const Namespaces& namespaces) const {
  const auto mounts = namespaces[NamespaceKind::kMnt];
  const auto pids = namespaces[NamespaceKind::kPid];
  return mounts && pids && mounts_.contains(std::to_underlying(*mounts)) &&
         pids_.contains(std::to_underlying(*pids));
}

}  // namespace hullmark
