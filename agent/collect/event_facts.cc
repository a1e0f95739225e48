// SPDX-License-Identifier: Apache-2.0
#include "agent/collect/event_facts.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/bpf/task_event.h"
#include "agent/bpf/task_record.h"
#include "agent/collect/memory.h"
#include "agent/collect/record_facts.h"
#include "agent/runtime/container_finder.h"
#include "hullmark/facts.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

// The row of `value`, a new one where there is none like it. New ones come last, and are few.
template <typename Index, typename T>
Index RowOf(std::vector<T>& table, T value) {
  const auto like = std::ranges::find(table, value);
  const auto at = static_cast<Index>(like - table.begin());
  if (like == table.end()) table.push_back(std::move(value));
  return at;
}

Fact<ExecutableIndex> ExecutableOf(const TaskEvent& event, Snapshot& snapshot) {
  constexpr unsigned kMinorBits = 20;
  if ((event.task.known & unsigned{kKnowsImage}) == 0 || event.executable_mount == 0) {
    return Missing(ErrorCode::kNotRead);
  }
  return RowOf<ExecutableIndex>(
      snapshot.executables,
      Executable{.path = snapshot.strings.Intern(static_cast<const char*>(event.executable_name)),
                 .device = {.major = event.executable_device >> kMinorBits,
                            .minor = event.executable_device & ((1U << kMinorBits) - 1)},
                 .inode = event.task.executable,
                 .links = event.task.executable_links,
                 .mount_id = event.executable_mount});
}

bool LivesIn(const Snapshot& snapshot, const Process& process) {
  const Process* const now = FindProcess(snapshot.processes, process.pid);
  return now != nullptr && now->stat.start == process.stat.start;
}

}  // namespace

Process ProcessOf(const TaskEvent& event, const ProcStatus& shape, Snapshot& snapshot) {
  Process process;
  process.pid = Pid{event.turn.tgid};
  process.stat = StatOf(event.task);
  process.leader.status = StatusOf(event.task, shape);
  if (auto groups = GroupsOf(event.task)) {
    process.leader.status->groups = RowOf<GroupListIndex>(snapshot.group_lists, std::move(*groups));
  } else {
    process.leader.status = Missing(ErrorCode::kNotRead);
  }
  process.leader.namespaces = NamespacesOf(event.task);
  process.rlimits = RowOf<RlimitsIndex>(snapshot.rlimits, RlimitsOf(event.task));
  process.oom_score_adj = static_cast<std::int16_t>(event.task.oom_score_adj);
  process.executable = ExecutableOf(event, snapshot);
  return process;
}

void AddEnded(std::span<const SeenExec> seen, Snapshot& snapshot) {
  if (seen.empty()) return;
  const ContainerFinder finder(snapshot);
  for (const SeenExec& one : seen) {
    const Namespaces namespaces = NamespacesOf(one.event.task);
    const auto at = finder.Find(namespaces);
    if (!at) continue;
    const ProcStatus* const shape = finder.StatusIn(*at);
    if (shape == nullptr) continue;
    const Process process = ProcessOf(one.event, *shape, snapshot);
    if (LivesIn(snapshot, process)) continue;
    snapshot.containers[*at].ended.push_back(
        {.process = process, .joined = one.joined, .times = one.times});
  }
}

}  // namespace hullmark
