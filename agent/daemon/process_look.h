// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <utility>

#include "agent/base/file.h"
#include "agent/bpf/task_event.h"
#include "agent/collect/exec_reader.h"
#include "agent/enforce/reflex.h"
#include "hullmark/action.h"
#include "hullmark/result.h"

namespace hullmark {

// Looks at one process alone, for an action that waits for no look at the host.
class ProcessLook {
 public:
  // `proc` is a procfs.
  explicit ProcessLook(Fd proc);

  // What an action's process is now. Error: kVanished, it is over, or its container is; kDenied,
  // something is not as `reflex` has it, or cannot be read: the container's cgroup is the same, the
  // process is in it or below, and nothing protects it.
  Result<TaskEvent> Read(const Reflex& reflex, const Action& action);

 private:
  Result<void> CheckCgroup(const Reflex& reflex, Pid process);
  Result<TaskEvent> ReadIn(const Reflex& reflex, Pid process);

  Fd proc_;
  ReadBuffer buffer_;
  ExecReader reader_;
};

}  // namespace hullmark
