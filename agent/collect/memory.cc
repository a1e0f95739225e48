// SPDX-License-Identifier: Apache-2.0
#include "agent/collect/memory.h"

#include <algorithm>
#include <vector>

#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

template <typename T>
bool IsPassing(const Fact<T>& fact) {
  return !fact &&
         (fact.error().code == ErrorCode::kVanished || fact.error().code == ErrorCode::kNotFound);
}

}  // namespace

bool IsSettled(const Process& process) {
  return process.leader.status && process.leader.cgroup && process.threads_unread == 0 &&
         !IsPassing(process.executable) && !IsPassing(process.rlimits) &&
         !IsPassing(process.stdio) && !IsPassing(process.invocation) &&
         !IsPassing(process.oom_score_adj) && process.leader.label != Missing(ErrorCode::kVanished);
}

const Process* FindProcess(const std::vector<Process>& processes, Pid pid) {
  const auto at = std::ranges::lower_bound(processes, pid, {}, &Process::pid);
  return at != processes.end() && at->pid == pid ? &*at : nullptr;
}

}  // namespace hullmark
