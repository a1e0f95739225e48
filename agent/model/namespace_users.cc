// SPDX-License-Identifier: Apache-2.0
#include "hullmark/namespace_users.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "hullmark/facts.h"
#include "hullmark/ids.h"
#include "hullmark/snapshot.h"

namespace hullmark {

NamespaceUsers::NamespaceUsers(const Snapshot& snapshot) {
  for (std::uint32_t at = 0; at < snapshot.containers.size(); ++at) AddContainer(snapshot, at);
  for (std::vector<User>& users : users_) {
    std::ranges::sort(users);
    const auto repeated = std::ranges::unique(users);
    users.erase(repeated.begin(), repeated.end());
  }
}

void NamespaceUsers::AddContainer(const Snapshot& snapshot, std::uint32_t at) {
  const Container& container = snapshot.containers[at];
  const Process* const init = RepresentativeOf(snapshot, container);
  if (init == nullptr) return;
  Namespaces last = init->leader.namespaces;  // Of the task before: nearly always the next one's.
  Add(at, last);
  for (std::size_t kind = 0; kind < kNamespaceKinds; ++kind) {
    if (!init->leader.namespaces[static_cast<NamespaceKind>(kind)]) unread_[kind].push_back(at);
  }
  if (container.container_class == ContainerClass::kService) return;
  const auto add = [&](const Task& task) {
    if (task.namespaces == last) return;
    last = task.namespaces;
    Add(at, last);
  };
  for (const Member& member : container.members) {
    add(snapshot.At(member.process).leader);
    for (const Thread& thread : RecordedThreads(snapshot, member.process)) add(thread.task);
  }
}

void NamespaceUsers::Add(std::uint32_t container, const Namespaces& namespaces) {
  for (std::size_t kind = 0; kind < kNamespaceKinds; ++kind) {
    const auto inode = namespaces[static_cast<NamespaceKind>(kind)];
    if (!inode) continue;
    const User user = {.inode = *inode, .container = container};
    std::vector<User>& users = users_[kind];
    if (users.empty() || users.back() != user) users.push_back(user);
  }
}

std::span<const NamespaceUsers::User> NamespaceUsers::Of(NamespaceKind kind,
                                                         NamespaceInode inode) const {
  return std::ranges::equal_range(users_[std::to_underlying(kind)], inode, {}, &User::inode);
}

std::span<const std::uint32_t> NamespaceUsers::Unread(NamespaceKind kind) const {
  return unread_[std::to_underlying(kind)];
}

const Process* RepresentativeOf(const Snapshot& snapshot, const Container& container) {
  if (container.init) return &snapshot.At(*container.init);
  if (container.members.empty()) return nullptr;
  return &snapshot.At(container.members.front().process);
}

}  // namespace hullmark
