// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "agent/collect/mount_table.h"
#include "agent/parse/schedstat.h"
#include "hullmark/ids.h"
#include "hullmark/snapshot.h"

namespace hullmark {

// What is known of a process beside its record.
struct KnownProcess {
  std::uint64_t directory = 0;  // Inode of /proc/PID.
  std::uint64_t image = 0;      // As ParsedStat::image.
  RunCount ran;                 // Of its leader, before its files were read.
  std::uint64_t cgroup = 0;     // A hash of the text of its cgroup file.
  bool settled = false;         // Nothing of it is to be read again for its own sake.
};

// A thread beside the leader, recorded or not.
struct KnownThread {
  ProcessIndex process{};
  Pid tid{};
  RunCount ran;
};

// What the next look takes over from the last one: some 300 bytes per process, and the mount tables
// of which the kernel tells that they change.
struct Memory {
  Timestamp looked_at{};
  // Processes, threads and the tables they refer to; no cgroups, containers or host.
  Snapshot records;
  std::vector<KnownProcess> processes;        // By ProcessIndex of the records.
  std::vector<KnownThread> threads;           // Ascending by process, then by tid as text.
  std::vector<std::uint64_t> kernel_threads;  // Inodes of /proc/PID, ascending.
  std::unordered_map<std::uint32_t, MountTableState> mount_tables;  // By namespace inode.
};

}  // namespace hullmark
