// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>

#include "hullmark/facts.h"
#include "hullmark/ids.h"
#include "hullmark/snapshot.h"

namespace hullmark {

// Tells of which container of a look a process is that the look did not meet, by its namespaces
// alone: the mount namespace, else the pid namespace, of members of that container and nobody else.
// So it never finds whoever is on the way into a container, and nothing that shares the host's.
class ContainerFinder {
 public:
  explicit ContainerFinder(const Snapshot& snapshot);  // Needs nothing of it later.

  // Into Snapshot::containers.
  std::optional<std::uint32_t> Find(const Namespaces& namespaces) const;

  // Whether the look met both namespaces, whosever they are.
  bool Knows(const Namespaces& namespaces) const;

 private:
  using Owners = std::unordered_map<std::uint32_t, std::optional<std::uint32_t>>;  // By inode.

  void Add(const Namespaces& namespaces, std::optional<std::uint32_t> owner);
  static void Add(Owners& owners, const Fact<NamespaceInode>& inode,
                  std::optional<std::uint32_t> owner);
  static std::optional<std::uint32_t> OwnerOf(const Owners& owners,
                                              const Fact<NamespaceInode>& inode);

  Owners mounts_, pids_;  // nullopt: of several, or of the host.
};

}  // namespace hullmark
