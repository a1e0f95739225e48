// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
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
  using OpenRecords = std::function<Result<ExecReader::ReadRecord>()>;

  // `proc` is a procfs. `open`: as OpenOneTask; none: there are no records.
  explicit ProcessLook(Fd proc, OpenRecords open = {});

  // Whether rights are read by a program in the kernel, which is loaded now, where it takes one:
  // through /proc they take twice the time.
  void UseRecords(bool wanted);

  // What an action's process is now. Error: kVanished, it is over, or its container is; kDenied,
  // something is not as `reflex` has it, or cannot be read: the container's cgroup is the same, the
  // process is in it or below, and nothing protects it.
  Result<TaskEvent> Read(const Reflex& reflex, const Action& action);

 private:
  // An action looks twice, before its line is written and after, at the same two.
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
  OpenRecords open_;
  bool opened_ = false;                // Or could not be.
  std::optional<Held> init_, victim_;  // Of the last action.
};

}  // namespace hullmark
