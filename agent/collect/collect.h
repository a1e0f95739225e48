// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "agent/base/file.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark {

// Where the kernel's files are, as directory descriptors: everything is read below these.
struct Roots {
  Fd proc;    // A procfs.
  Fd sys;     // A sysfs.
  Fd cgroup;  // A cgroup2 mount, or the tmpfs above the v1 hierarchies.
  Fd host;    // The host's "/", for claim files and sockets: where they lie, not what is in
              // containers.
  bool plain = false;  // Plain trees (fixtures): file system types are not checked.
  // What the reader's own mount table calls them.
  std::string proc_mount_point = "/proc", cgroup_mount_point = "/sys/fs/cgroup";
};

// Paths of the three roots; `host` empty: "/" for /proc, else <proc>/1/root.
struct RootPaths {
  std::string proc = "/proc", sys = "/sys", cgroup = "/sys/fs/cgroup", host;
  bool plain = false;
};

// Opens the roots and checks that they are what they must be. Error: names the path and the option.
Result<Roots> OpenRoots(const RootPaths& paths);

// Whether this procfs shows more than processes, see subset=pid in proc(5).
bool ShowsKernel(const Roots& roots);

// Bounds and choices of one look.
struct CollectOptions {
  Timestamp now{};
  std::string tool_version;
  bool threads = true;
  std::size_t most_processes = 200'000;
  std::size_t most_threads = 4'096;        // Of one process; the rest count as unread.
  std::size_t most_mounts = 20'000;        // Of one mount namespace.
  std::size_t most_file_bytes = 8U << 20;  // Of one kernel file.
  // Patterns of host paths (sockets, directories) whose place on disk to resolve.
  std::vector<std::string> host_paths{};
  std::vector<std::string> label_keys{};  // Of container labels to read, ascending.
  // Called now and then with how many processes of how many were read; may be empty.
  std::function<void(std::size_t done, std::size_t all)> progress{};
};

// Looks once. Facts only: nothing here judges. Error (kDenied, kIo): no process or no cgroup could
// be read at all.
Result<Snapshot> Collect(const Roots& roots, const CollectOptions& options);

}  // namespace hullmark
