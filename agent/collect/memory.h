// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "agent/collect/mount_table.h"
#include "agent/parse/schedstat.h"
#include "hullmark/ids.h"
#include "hullmark/snapshot.h"

namespace hullmark {

// What is known of a process beside its record. Which source read it decides what some mean; none
// takes over what the other left.
struct KnownProcess {
  // What no later process of its number has. /proc: the inode of /proc/PID; bpf: its start in
  // nanoseconds.
  std::uint64_t identity = 0;
  std::uint64_t image = 0;        // As ParsedStat::image.
  RunCount ran{};                 // /proc: of its leader, before its files were read.
  std::uint64_t cgroup = 0;       // /proc: a hash of the text of its cgroup file; bpf: its css_set.
  std::uint64_t executable = 0;   // bpf: inode and links, mixed.
  std::uint64_t credentials = 0;  // bpf: as TaskRecord.
  bool settled = false;           // Nothing of it is to be read again for its own sake.
};

// Whether the record says what was true together: nothing was missed because it came or went.
bool IsSettled(const Process& process);

const Process* FindProcess(const std::vector<Process>& processes, Pid pid);

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
  std::unordered_map<std::uint64_t, std::string> cgroup_texts;      // bpf: by css_set.
};

}  // namespace hullmark
