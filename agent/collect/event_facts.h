// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <vector>

#include "agent/bpf/task_event.h"
#include "hullmark/facts.h"
#include "hullmark/snapshot.h"

namespace hullmark {

// A process that executed a program, as the event told it.
struct SeenExec {
  TaskEvent event{};
  bool joined = false;      // As Member.
  std::uint32_t times = 1;  // So many were alike.
};

// What an event says of a process. `snapshot`'s tables grow by what they lack; what the event does
// not say (label, cgroup, standard descriptors, how it was called) is kNotRead. Of the executable's
// path it says the last part. `shape`: a status that this kernel printed, see StatusOf.
Process ProcessOf(const TaskEvent& event, const ProcStatus& shape, Snapshot& snapshot);

// Adds to the containers of a look what was seen since the last one and lives no more.
void AddEnded(std::span<const SeenExec> seen, Snapshot& snapshot);

}  // namespace hullmark
