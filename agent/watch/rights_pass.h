// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "agent/bpf/task_record.h"

namespace hullmark {

// Compares the rights of all tasks with those at the pass before: credentials, no_new_privs,
// seccomp, namespaces. What no event tells is seen by that: capset(2), prctl(2), setns(2) and
// setuid(2) without an exec. 24 bytes for each task.
class RightsPass {
 public:
  // A record of this pass; they come ascending by tid.
  void Take(const TaskRecord& record);

  // Ends the pass. Whether a task got other rights: than it had, or than its parent has where it
  // was not there before. The first pass says no.
  bool End();

 private:
  struct Rights {
    int tid = 0;
    std::uint64_t start = 0, digest = 0;
  };
  static const Rights* Find(const std::vector<Rights>& tasks, int tid);
  bool IsNews(const TaskRecord& record, std::uint64_t digest);

  std::vector<Rights> last_, now_;
  std::size_t cursor_ = 0;  // Into last_.
  bool changed_ = false, first_ = true;
};

}  // namespace hullmark
