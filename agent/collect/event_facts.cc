// SPDX-License-Identifier: Apache-2.0
#include "agent/collect/event_facts.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "agent/bpf/task_event.h"
#include "agent/bpf/task_record.h"
#include "agent/collect/memory.h"
#include "agent/collect/record_facts.h"
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

// Whether the process' mount namespace had this mount when it was looked at.
bool HadMount(const Snapshot& snapshot, const TaskEvent& event) {
  const auto inode = event.task.namespaces[std::to_underlying(NamespaceKind::kMnt)];
  const MountNamespace* const space = FindMountNamespace(snapshot, NamespaceInode{inode});
  return space == nullptr || !space->mounts ||
         std::ranges::count(*space->mounts, event.executable_mount, &Mount::id) != 0;
}

Fact<ExecutableIndex> ExecutableOf(const TaskEvent& event, Snapshot& snapshot) {
  constexpr unsigned kMinorBits = 20;
  if ((event.task.known & unsigned{kKnowsImage}) == 0) return Missing(ErrorCode::kNotRead);
  Executable executable{
      .path = snapshot.strings.Intern(static_cast<const char*>(event.executable_name)),
      .device = {.major = event.executable_device >> kMinorBits,
                 .minor = event.executable_device & ((1U << kMinorBits) - 1)},
      .inode = event.task.executable,
      .links = event.task.executable_links};
  // A mount that the table lacks may be younger than the look, unless the file has no name.
  const bool known = (event.task.known & unsigned{kKnowsMount}) != 0;
  if (known && (executable.links == 0U || HadMount(snapshot, event))) {
    executable.mount_id = event.executable_mount;
  }
  return RowOf<ExecutableIndex>(snapshot.executables, executable);
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
  process.leader.status->groups =
      RowOf<GroupListIndex>(snapshot.group_lists, SomeGroupsOf(event.task));
  process.leader.namespaces = NamespacesOf(event.task);
  process.rlimits = RowOf<RlimitsIndex>(snapshot.rlimits, RlimitsOf(event.task));
  process.oom_score_adj = static_cast<std::int16_t>(event.task.oom_score_adj);
  process.executable = ExecutableOf(event, snapshot);
  return process;
}

ContainerIdentity IdentityOf(const Snapshot& snapshot, const Container& container) {
  ContainerIdentity identity{.id = std::string(snapshot.Text(container.id))};
  if (container.init) {
    const Process& init = snapshot.At(*container.init);
    identity.init = init.pid;
    identity.init_start = init.stat.start;
  }
  return identity;
}

const ProcStatus* SomeStatusIn(const Snapshot& snapshot, const Container& container) {
  for (const Member& member : container.members) {
    const auto& status = snapshot.At(member.process).leader.status;
    if (status) return &*status;
  }
  return nullptr;
}

std::size_t AddEnded(std::span<const SeenExec> seen, Snapshot& snapshot) {
  if (seen.empty()) return 0;
  std::unordered_map<std::string, Container*> containers;
  for (Container& container : snapshot.containers) {
    containers.emplace(snapshot.Text(container.id), &container);
  }
  std::size_t lost = 0;
  for (const SeenExec& one : seen) {
    const auto at = containers.find(one.container.id);
    const bool there = at != containers.end() && IdentityOf(snapshot, *at->second) == one.container;
    const ProcStatus* const shape = there ? SomeStatusIn(snapshot, *at->second) : nullptr;
    if (shape == nullptr) {
      ++lost;
      continue;
    }
    const Process process = ProcessOf(one.event, *shape, snapshot);
    if (!one.over && LivesIn(snapshot, process)) continue;
    at->second->ended.push_back({.process = process, .joined = one.joined, .times = one.times});
  }
  return lost;
}

}  // namespace hullmark
