// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "hullmark/facts.h"
#include "hullmark/ids.h"
#include "hullmark/snapshot.h"

namespace hullmark {

// Which containers have a process in which namespace: made once per evaluation, so that a thousand
// containers are not compared with each other. A container counts with every task of its members;
// a service only with its init, because daemons of the host enter containers' namespaces to set
// them up. Containers are named by their index; nothing of the snapshot is kept.
class NamespaceUsers {
 public:
  explicit NamespaceUsers(const Snapshot& snapshot);

  struct User {
    NamespaceInode inode{};
    std::uint32_t container = 0;  // Index into Snapshot::containers.

    friend auto operator<=>(const User&, const User&) = default;
  };

  // Containers in the namespace, each once, ascending.
  std::span<const User> Of(NamespaceKind kind, NamespaceInode inode) const;

  // Containers whose init's link of `kind` could not be read; ascending. Other members do not
  // count: one process that keeps being replaced must not cloud every other container.
  std::span<const std::uint32_t> Unread(NamespaceKind kind) const;

 private:
  void AddContainer(const Snapshot& snapshot, std::uint32_t at);
  void Add(std::uint32_t container, const Namespaces& namespaces);

  std::array<std::vector<User>, kNamespaceKinds> users_;
  std::array<std::vector<std::uint32_t>, kNamespaceKinds> unread_;
};

// The process that stands for a container: its init, or any member where that could not be told;
// nullptr: it has none.
const Process* RepresentativeOf(const Snapshot& snapshot, const Container& container);

}  // namespace hullmark
