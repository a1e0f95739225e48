// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "agent/bpf/task_event.h"
#include "hullmark/benchmark.h"
#include "hullmark/snapshot.h"

namespace hullmark {

// A host with one container, "web", and a benchmark of one control: no process has CAP_SYS_ADMIN
// and nothing else. Its proof says whether the process has "joined" or is "inside".

inline constexpr std::uint32_t kHostMounts = 10, kHostPids = 11, kMounts = 20, kPids = 21,
                               kUsers = 22;
inline constexpr int kInit = 100, kShell = 200, kOutside = 50;
inline constexpr std::uint64_t kAdmin = 1ULL << 21;  // CAP_SYS_ADMIN

Snapshot HostWithAContainer(std::int64_t taken_at = 1);
Benchmark NobodyIsAdmin();

// Of a process in the container.
TaskEvent Told(unsigned turn, int pid, int parent, std::uint64_t effective = 0);

}  // namespace hullmark
