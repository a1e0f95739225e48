// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "agent/bpf/task_event.h"
#include "hullmark/facts.h"
#include "hullmark/ids.h"
#include "hullmark/snapshot.h"

namespace hullmark {

// A container as one look and the next have it: ids may be made up again, and namespaces have their
// numbers from others that are gone.
struct ContainerIdentity {
  std::string id{};
  Pid init{};  // 0: it could not be told.
  BootTicks init_start{};

  friend bool operator==(const ContainerIdentity&, const ContainerIdentity&) = default;
};
ContainerIdentity IdentityOf(const Snapshot& snapshot, const Container& container);

// A process that executed a program, as the event told it.
struct SeenExec {
  TaskEvent event{};
  ContainerIdentity container{};
  bool joined = false;      // As Member.
  bool over = false;        // It has ended, or executes something else by now.
  std::uint32_t times = 1;  // So many were alike.
};

// What an event says of a process. `snapshot`'s tables grow by what they lack; what the event does
// not say (label, cgroup, standard descriptors, how it was called) is kNotRead. Of the executable's
// path it says the last part, of many groups the first. `shape`: a status that this kernel printed,
// see StatusOf.
Process ProcessOf(const TaskEvent& event, const ProcStatus& shape, Snapshot& snapshot);

// Adds to the containers of a look what was seen since the last one and lives no more. Returns how
// many had a container that the look did not meet.
std::size_t AddEnded(std::span<const SeenExec> seen, Snapshot& snapshot);

// The status of some process of a container, nullptr: of none it could be read.
const ProcStatus* SomeStatusIn(const Snapshot& snapshot, const Container& container);

}  // namespace hullmark
