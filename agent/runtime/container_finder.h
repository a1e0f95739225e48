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
  explicit ContainerFinder(const Snapshot& snapshot);

  // Into Snapshot::containers.
  std::optional<std::uint32_t> Find(const Namespaces& namespaces) const;

  // The status of some process of that container; nullptr: of none it could be read.
  const ProcStatus* StatusIn(std::uint32_t container) const;

 private:
  using Owners = std::unordered_map<std::uint32_t, std::optional<std::uint32_t>>;  // By inode.

  void Add(const Namespaces& namespaces, std::optional<std::uint32_t> owner);
  static void Add(Owners& owners, const Fact<NamespaceInode>& inode,
                  std::optional<std::uint32_t> owner);
  static std::optional<std::uint32_t> OwnerOf(const Owners& owners,
                                              const Fact<NamespaceInode>& inode);

  const Snapshot& snapshot_;
  Owners mounts_, pids_;  // nullopt: of several, or of the host.
};

}  // namespace hullmark
