// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hullmark/ids.h"
#include "hullmark/snapshot.h"

namespace hullmark {

// A fact of a task that two sources tell differently.
struct TaskDifference {
  Pid pid{};
  std::optional<Pid> tid{};
  std::string_view field;     // "CapEff", "ns/net": as /proc names it.
  std::string bpf{}, proc{};  // What each says, as text; hostile.
};

struct TaskComparison {
  std::vector<TaskDifference> differences{};  // Ascending by pid.
  std::size_t processes = 0;                  // Compared.
  std::size_t threads = 0;                    // Compared: those that differ from their leader.
  // Facts that one told and the other was denied: no difference, but no proof either.
  std::size_t one_sided = 0;
  // Fields that differed each time, never twice in the same way: they change too fast to tell.
  std::size_t restless = 0;
};

// Compares what two looks tell of tasks, field by field. Only the scheduler's state is left out: it
// changes while we look. `sampled`: `proc` has some of the processes only, and no others count.
TaskComparison CompareTasks(const Snapshot& bpf, const Snapshot& proc, bool sampled);

}  // namespace hullmark
