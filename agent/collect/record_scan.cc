// SPDX-License-Identifier: Apache-2.0
#include "agent/collect/record_scan.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "agent/base/file.h"
#include "agent/bpf/task_iterator.h"
#include "agent/bpf/task_record.h"
#include "agent/collect/collect.h"
#include "agent/collect/look.h"
#include "agent/collect/memory.h"
#include "agent/collect/open_process.h"
#include "agent/collect/process_reader.h"
#include "agent/collect/recall.h"
#include "agent/collect/record_facts.h"
#include "agent/parse/proc_stat.h"
#include "hullmark/facts.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

// Another file, or the same one deleted since, is another number.
std::uint64_t ExecutableOf(const TaskRecord& record) {
  return MixImage(std::array<std::uint64_t, 2>{record.executable, record.executable_links});
}

// Where it is in all hierarchies. A css_set that is gone leaves its place in memory to another one:
// its cgroup of version 2 is mostly another then.
std::uint64_t PlaceOf(const TaskRecord& record) {
  return MixImage(std::array<std::uint64_t, 2>{record.css_set, record.cgroup});
}

bool IsGone(const Fault& fault) {
  return fault.code == ErrorCode::kNotFound || fault.code == ErrorCode::kVanished;
}

}  // namespace

RecordScan::RecordScan(const Roots& roots, const CollectOptions& options, Look& look,
                       Recall& recall, const ProcStatus& shape)
    : roots_(roots),
      options_(options),
      snapshot_(look.snapshot()),
      memberships_(look.memberships()),
      reader_(look.reader()),
      buffer_(look.buffer()),
      recall_(recall),
      last_(recall.memory()),
      shape_(shape) {}

std::vector<Pid> UnlistedProcesses(const Roots& roots, const CollectOptions& options,
                                   const TaskRecords& records) {
  std::vector<Pid> unlisted;
  const auto names = ListDirectory(roots.proc.get(), ".", 2 * options.most_processes);
  if (!names) return unlisted;
  ReadBuffer buffer(options.most_file_bytes);
  for (const std::string& name : *names) {
    const Pid pid = ToPid(name);
    if (pid == Pid{} || std::ranges::binary_search(records.leaders, std::to_underlying(pid), {},
                                                   &TaskRecord::tgid)) {
      continue;
    }
    ProcessDirectory directory(roots, name);
    const auto opened = directory.Open();
    const auto stat = opened ? ReadStat(buffer, *opened) : std::unexpected(opened.error());
    if (stat && (stat->facts.flags & ProcStat::kKernelThread) == 0) unlisted.push_back(pid);
  }
  std::ranges::sort(unlisted);
  return unlisted;
}

void RecordScan::Read(const TaskRecords& records, std::span<const Pid> unlisted) {
  snapshot_.counts.listed =
      static_cast<std::uint32_t>(records.leaders.size()) + records.kernel_threads;
  snapshot_.counts.kernel_threads = records.kernel_threads;
  snapshot_.counts.processes_truncated = records.truncated;
  auto next = unlisted.begin();
  for (const TaskRecord& record : records.leaders) {
    for (; next != unlisted.end() && *next < Pid{record.tgid}; ++next) ReadThroughProc(*next);
    if (next != unlisted.end() && *next == Pid{record.tgid}) ++next;
    const auto left = records.threads_left.find(record.tgid);
    ReadLeader(record, left == records.threads_left.end() ? 0 : left->second);
  }
  for (; next != unlisted.end(); ++next) ReadThroughProc(*next);
  if (options_.threads) ReadThreads(records.threads);
}

void RecordScan::ReadLeader(const TaskRecord& record, std::uint32_t threads_left) {
  if (record.exit_state != 0 && record.threads <= 1) return reader_.CountZombie(record.parent);
  if (HasEnded(record)) return ReadThroughProc(Pid{record.tgid});
  ProcessDirectory directory(roots_, std::to_string(record.tgid));
  const Process* const last = Find(record);
  ProcessDraft draft{.process = last != nullptr ? recall_.carry().Over(*last) : Process{},
                     .threads = {},
                     .image = ImageOf(record)};
  Process& process = draft.process;
  process.pid = Pid{record.tgid};
  process.stat = StatOf(record);
  const Fact<LabelIndex> label_then = process.leader.label;
  process.leader = TaskOf(record, directory);
  process.rlimits = reader_.tables().Keep(RlimitsOf(record));
  process.oom_score_adj = static_cast<std::int16_t>(record.oom_score_adj);
  const bool stayed = last != nullptr && last_.processes[cursor_].cgroup == PlaceOf(record);
  process.leader.cgroup = CgroupOf(record, stayed, directory);
  process.leader.label =
      HasLabelStill(record, label_then) ? label_then : reader_.ReadLabel(directory);
  if (const auto opened = last == nullptr ? directory.Open() : Missing(ErrorCode::kNotRead)) {
    reader_.ReadProgram(*opened, process);
  }
  reader_.ReadSharedTables(directory, process,
                           last == nullptr ? nullptr : &last->leader.namespaces);
  if (directory.asked() && !IsStill(record, directory)) return ReadThroughProc(Pid{record.tgid});
  const std::uint32_t others = record.threads - 1;
  process.threads_unread = options_.threads ? threads_left : others;
  draft.threads_read = others - std::min(others, process.threads_unread);
  ++(last != nullptr ? counts_.again : counts_.whole);
  reader_.Keep(std::move(draft));
  Remember(record);
}

void RecordScan::ReadThroughProc(Pid pid) {
  const std::size_t before = snapshot_.processes.size();
  reader_.Read(std::to_string(std::to_underlying(pid)));
  if (snapshot_.processes.size() == before) return;
  ++counts_.whole;
  known_.processes.push_back({});
}

Task RecordScan::TaskOf(const TaskRecord& record, ProcessDirectory& directory) {
  Task task{.status = StatusOf(record, shape_), .namespaces = NamespacesOf(record)};
  if (auto groups = GroupsOf(record)) {
    task.status->groups = reader_.tables().Keep(std::move(*groups));
  } else {
    const auto opened = directory.Open();
    const auto whole =
        opened ? reader_.ReadStatus(*opened) : Fact<ProcStatus>(std::unexpected(opened.error()));
    if (whole)
      task.status->groups = whole->groups;
    else
      task.status = std::unexpected(whole.error());
  }
  auto uids = IdMapOf(record.uid_map);
  auto gids = IdMapOf(record.gid_map);
  if (uids && gids) {
    reader_.TakeIdMaps(NamespaceInode{record.namespaces[std::to_underlying(NamespaceKind::kUser)]},
                       std::move(*uids), std::move(*gids));
  }
  return task;
}

const Process* RecordScan::Find(const TaskRecord& record) {
  const auto& processes = last_.records.processes;
  const Pid pid{record.tgid};
  while (cursor_ < processes.size() && processes[cursor_].pid < pid) ++cursor_;
  if (cursor_ == processes.size() || processes[cursor_].pid != pid) return nullptr;
  const KnownProcess& known = last_.processes[cursor_];
  const bool same = known.settled && known.identity == record.start &&
                    known.image == ImageOf(record) && known.executable == ExecutableOf(record);
  if (!same || recall_.rotation().IsDue(static_cast<std::uint64_t>(record.tgid))) return nullptr;
  return &processes[cursor_];
}

bool RecordScan::IsStill(const TaskRecord& record, ProcessDirectory& directory) {
  const auto opened = directory.Open();
  if (!opened) return false;
  const auto stat = ReadStat(buffer_, *opened);
  // An image that is hidden hides what could be mixed up, too.
  return stat && stat->facts.start == StatOf(record).start && !IsDead(stat->facts.state) &&
         (stat->image == 0 || stat->image == ImageOf(record));
}

// AppArmor keeps a task's label in its credentials.
bool RecordScan::HasLabelStill(const TaskRecord& record, const Fact<LabelIndex>& then) const {
  if (!then || snapshot_.At(*then).module != Label::Module::kAppArmor) return false;
  return last_.processes[cursor_].credentials == record.credentials;
}

Fact<MembershipIndex> RecordScan::CgroupOf(const TaskRecord& record, bool stayed,
                                           ProcessDirectory& directory) {
  if (!stayed) return ReadCgroup(PlaceOf(record), directory);
  if (const auto met = memberships_of_.find(PlaceOf(record)); met != memberships_of_.end()) {
    return met->second;
  }
  const auto text = last_.cgroup_texts.find(PlaceOf(record));
  if (text == last_.cgroup_texts.end() || text->second.empty()) {
    return ReadCgroup(PlaceOf(record), directory);
  }
  const auto membership = memberships_.Of(text->second);
  if (membership) memberships_of_.emplace(PlaceOf(record), *membership);
  Note(PlaceOf(record), text->second);
  return membership;
}

Fact<MembershipIndex> RecordScan::ReadCgroup(std::uint64_t place, ProcessDirectory& directory) {
  const auto opened = directory.Open();
  if (!opened) return std::unexpected(opened.error());
  const auto text = buffer_.Read(*opened, "cgroup");
  if (!text) return std::unexpected(text.error());
  Note(place, *text);
  return memberships_.Of(*text);
}

// A process may have moved between its record and this text. So the text counts for those only that
// are in the same css_set at the next look, and nothing counts where two texts were read.
void RecordScan::Note(std::uint64_t place, std::string_view text) {
  const auto [known, is_new] = known_.cgroup_texts.try_emplace(place, text);
  if (!is_new && known->second != text) known->second.clear();
}

void RecordScan::Remember(const TaskRecord& record) {
  known_.processes.push_back({.identity = record.start,
                              .image = ImageOf(record),
                              .cgroup = PlaceOf(record),
                              .executable = ExecutableOf(record),
                              .credentials = record.credentials,
                              .settled = IsSettled(snapshot_.processes.back())});
}

void RecordScan::ReadThreads(std::vector<TaskRecord> records) {
  const std::size_t before = snapshot_.threads.size();
  for (const TaskRecord& record : records) ReadThread(record);
  if (snapshot_.threads.size() == before) return;
  std::ranges::sort(snapshot_.threads, {},
                    [](const Thread& thread) { return std::tuple(thread.process, thread.tid); });
}

void RecordScan::ReadThread(const TaskRecord& record) {
  const Process* const process = FindProcess(snapshot_.processes, Pid{record.tgid});
  if (process == nullptr || HasEnded(record)) return;
  const auto at = static_cast<std::size_t>(process - snapshot_.processes.data());
  const KnownProcess& known = known_.processes[at];
  if (known.identity == 0) return;  // Read through /proc, with its threads.
  ProcessDirectory directory(roots_,
                             std::to_string(record.tgid) + "/task/" + std::to_string(record.tid));
  const Task& leader = process->leader;
  Task task = TaskOf(record, directory);
  if (task.status && leader.status) {
    // NSpid counts threads too: the thread's own number is no difference.
    task.status->innermost_pid = leader.status->innermost_pid;
    task.status->threads = leader.status->threads;
  }
  task.cgroup =
      known.cgroup == PlaceOf(record) ? leader.cgroup : ReadCgroup(PlaceOf(record), directory);
  task.label =
      known.credentials == record.credentials ? leader.label : reader_.ReadLabel(directory);
  const bool has_ended = !task.cgroup && IsGone(task.cgroup.error());
  if (has_ended || task == leader) return;
  snapshot_.threads.push_back({.process = ProcessIndex{static_cast<std::uint32_t>(at)},
                               .tid = Pid{record.tid},
                               .task = task});
}

}  // namespace hullmark
