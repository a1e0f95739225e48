// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/daemon/watched_world.h"

#include <cstdint>
#include <cstring>
#include <utility>

#include "agent/bpf/task_event.h"
#include "hullmark/benchmark.h"
#include "hullmark/check.h"
#include "hullmark/facts.h"
#include "hullmark/ids.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

Verdict NoAdmin(const TaskView& view, const Params& /*params*/, EvidenceOut out) {
  if (!view.task.status) return {.outcome = Outcome::kUnknown};
  if (view.task.status->effective.bits() != kAdmin) return {.outcome = Outcome::kPass};
  if (out != nullptr) out->push_back({.fact = view.member.joined ? "joined" : "inside"});
  return {.outcome = Outcome::kFail};
}
constexpr Check kNoAdmin = {.id = "CAP-001", .evaluate = NoAdmin, .params = {}};

Process ProcessIn(int pid, std::uint32_t mounts, std::uint32_t pids) {
  Process process;
  process.pid = Pid{pid};
  process.leader.status = ProcStatus{.uid = {}, .gid = {}};
  process.leader.namespaces.Set(NamespaceKind::kMnt, NamespaceInode{mounts});
  process.leader.namespaces.Set(NamespaceKind::kPid, NamespaceInode{pids});
  process.leader.namespaces.Set(NamespaceKind::kUser, NamespaceInode{kUsers});
  return process;
}

}  // namespace

Snapshot HostWithAContainer(std::int64_t taken_at) {
  Snapshot snapshot;
  snapshot.taken_at = Timestamp{taken_at};
  snapshot.group_lists = {{}};
  snapshot.processes = {ProcessIn(kOutside, kHostMounts, kHostPids),
                        ProcessIn(kInit, kMounts, kPids)};
  Container container;
  container.name = snapshot.strings.Intern("web");
  container.init = ProcessIndex{1};
  container.members = {{.process = ProcessIndex{1}}};
  snapshot.containers.push_back(std::move(container));
  const auto set = [&](NamespaceKind kind, std::uint32_t inode) {
    snapshot.host.namespaces.at(std::to_underlying(kind)) =
        ReferenceNamespace{.inode = NamespaceInode{inode}};
  };
  set(NamespaceKind::kMnt, kHostMounts);
  set(NamespaceKind::kPid, kHostPids);
  return snapshot;
}

Benchmark NobodyIsAdmin() {
  Benchmark benchmark;
  Control control;
  control.id = "CAP-001";
  control.severity = Severity::kHigh;
  control.check = &kNoAdmin;
  benchmark.controls.push_back(control);
  return benchmark;
}

TaskEvent Told(unsigned turn, int pid, int parent, std::uint64_t effective) {
  TaskEvent event = {};
  event.turn.turn = turn;
  event.turn.tgid = pid;
  event.turn.parent = parent;
  event.executable_mount = 7;
  std::strncpy(static_cast<char*>(event.executable_name), "tool", kMostExecutableName - 1);
  event.task.tid = event.task.tgid = pid;
  event.task.parent = parent;
  event.task.start = 5'000'000'000;
  event.task.effective = effective;
  event.task.known = kKnowsNamespaces | kKnowsImage | unsigned{kKnowsMount};
  event.task.executable_links = 1;
  event.task.namespaces[std::to_underlying(NamespaceKind::kMnt)] = kMounts;
  event.task.namespaces[std::to_underlying(NamespaceKind::kPid)] = kPids;
  event.task.namespaces[std::to_underlying(NamespaceKind::kUser)] = kUsers;
  return event;
}

}  // namespace hullmark
