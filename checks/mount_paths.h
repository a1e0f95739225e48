// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "hullmark/facts.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark {

// The geometry of mount tables, see proc_pid_mountinfo(5). Everything is decided from the tables:
// no path of a container is ever looked up.

// Whether `path` is `top` or lies below it, by whole components: "/var" covers "/var/run" and not
// "/variable". Both absolute and without a final slash, but for "/" itself.
bool Covers(std::string_view top, std::string_view path);

// What a mount shows and where: `root` of its file system at `mount_point`.
struct Window {
  std::string_view root, mount_point;
};
Window WindowOf(const Snapshot& snapshot, const Mount& mount);

// `path` of a file system, which the window's root covers, as seen through the window: "/a/b"
// through "/a" at "/x" is "/x/b".
std::string Rebase(std::string_view path, const Window& window);

// The mounts of a namespace, as far as they are known.
struct MountTable {
  std::span<const Mount> mounts;
  bool complete = false;  // Not cut off, and not seen from below a chroot.
};

// The table of `mount_namespace`. Errors: of the reference or of the file; an empty table is
// kMalformed, because every process has a root.
Fact<MountTable> MountsOf(const Snapshot& snapshot,
                          const Fact<MountNamespaceIndex>& mount_namespace);

// The mount that a lookup of `path` ends on, following the tree of mounts from the root: what a
// later mount on top has hidden is not met. nullptr: the table has no root, or `path` is relative.
const Mount* CoveringMount(const Snapshot& snapshot, std::span<const Mount> mounts,
                           std::string_view path);

// Read-only by its own options or by those of its file system: writes fail either way.
bool ReadOnly(const Mount& mount);

// A directory or file, named by its file system and its path inside that.
struct Place {
  DeviceNumber device;
  std::string_view path;
};

// What `mount` shows at its mount point.
Place PlaceOf(const Snapshot& snapshot, const Mount& mount);

// Whether `inner` is `outer` or lies below it on the same file system.
bool Holds(const Place& outer, const Place& inner);

}  // namespace hullmark
