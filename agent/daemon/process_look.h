// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <utility>

#include "agent/base/file.h"
#include "agent/bpf/task_event.h"
#include "agent/collect/exec_reader.h"
#include "agent/enforce/reflex.h"
#include "agent/enforce/victim.h"
#include "hullmark/action.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"

namespace hullmark {

// Looks at one process alone, for an action that waits for no look at the host.
class ProcessLook {
 public:
  // `proc` is a procfs.
  explicit ProcessLook(Fd proc);

  // Loads a program into the kernel, where that takes one, for what /proc tells in twice the time.
  void LoadRecords();

  // What an action's process is now. Error: kVanished, it is over, or its container is; kDenied,
  // something is not as `reflex` has it, or cannot be read: the container's cgroup is the same, the
  // process is in it or below, and nothing protects it.
  Result<TaskEvent> Read(const Reflex& reflex, const Action& action);

 private:
  // An action looks twice, before its line is written and after: it opens them once.
  struct Held {
    Pid pid{};
    BootTicks started{};
    Victim process;
  };

  Result<void> Hold(Pid pid, BootTicks started, std::optional<Held>& held) const;
  Result<void> CheckCgroup(const Reflex& reflex, Pid process);
  Result<TaskEvent> ReadIn(const Reflex& reflex, Pid process);

  Fd proc_;
  ReadBuffer buffer_;
  ExecReader reader_;
  bool loaded_ = false;                // Or could not be.
  std::optional<Held> init_, victim_;  // Of the last action.
};

}  // namespace hullmark
