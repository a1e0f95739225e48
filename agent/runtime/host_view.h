// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <unordered_set>
#include <vector>

#include "hullmark/ids.h"
#include "hullmark/snapshot.h"

namespace hullmark::runtime {

// What a process has in relation to the host.
enum class Share : std::uint8_t { kHost, kOwn, kUnknown };

// The root file system of a mount namespace: its last "/" mount, which covers the others.
struct RootFs {
  DeviceNumber device;
  StringId root{};

  friend bool operator==(const RootFs&, const RootFs&) = default;
};

// The host's side of every comparison.
class HostView {
 public:
  explicit HostView(const Snapshot& snapshot);

  Share NamespaceOf(const Process& process, NamespaceKind kind) const;
  // Of the mount namespace `inode`, against the host's root.
  Share RootOf(NamespaceInode inode) const;
  std::optional<RootFs> RootFsOf(NamespaceInode inode) const;
  // Every namespace that could be read is the host's, the mount namespace among them.
  bool AllHost(const Process& process) const;
  // Some namespace is known not to be the host's.
  bool AnyOwn(const Process& process) const;
  // Has a namespace of `other`'s that is not the host's.
  bool SharesOwn(const Process& process, const Process& other) const;
  // Executes a file of the host that its own mount table does not show.
  bool RunsHostFile(const Process& process) const;

 private:
  const Snapshot& snapshot_;
  std::array<std::optional<NamespaceInode>, kNamespaceKinds> initial_;
  std::vector<std::optional<RootFs>> roots_;  // Per row of Snapshot::mount_namespaces.
  std::optional<RootFs> host_root_;
  std::unordered_set<std::uint32_t> host_mounts_;  // Mount ids.
};

}  // namespace hullmark::runtime
