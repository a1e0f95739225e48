// SPDX-License-Identifier: Apache-2.0
#include "agent/collect/rescan.h"

#include <fcntl.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/base/file.h"
#include "agent/collect/collect.h"
#include "agent/collect/memory.h"
#include "agent/collect/open_process.h"
#include "agent/collect/process_reader.h"
#include "agent/parse/proc_stat.h"
#include "agent/parse/schedstat.h"
#include "hullmark/facts.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

constexpr std::int32_t kKthreadd = 2;

const Thread* FindThread(const Snapshot& snapshot, ProcessIndex process, Pid tid) {
  const auto recorded = RecordedThreads(snapshot, process);
  const auto at = std::ranges::find(recorded, tid, &Thread::tid);
  return at != recorded.end() ? &*at : nullptr;
}

Fd OpenPath(int directory, const char* path) {
  return Fd(openat(directory, path, O_PATH | O_DIRECTORY | O_CLOEXEC));
}

}  // namespace

void Rescan::Read(const DirectoryEntry& entry) {
  const auto last = Find(entry);
  if (last && ReadAgain(entry, *last)) return;
  ReadWhole(entry);
}

std::optional<ProcessIndex> Rescan::Find(const DirectoryEntry& entry) {
  const Pid pid = ToPid(entry.name);
  const auto& processes = last_.records.processes;
  while (cursor_ < processes.size() && processes[cursor_].pid < pid) ++cursor_;
  if (cursor_ == processes.size() || processes[cursor_].pid != pid) return std::nullopt;
  const KnownProcess& known = last_.processes[cursor_];
  const auto number = static_cast<std::uint64_t>(std::to_underlying(pid));
  if (!known.settled || known.identity != entry.inode || recall_.rotation().IsDue(number)) {
    return std::nullopt;
  }
  return ProcessIndex{static_cast<std::uint32_t>(cursor_)};
}

bool Rescan::ReadAgain(const DirectoryEntry& entry, ProcessIndex last) {
  const Fd directory = OpenPath(roots_.proc.get(), entry.name.c_str());
  if (!directory) return false;
  const Process& former = last_.records.At(last);
  KnownProcess known = last_.processes[static_cast<std::size_t>(last)];
  Again again{.directory = directory.get(), .last = last, .leader = {}, .draft = {}, .threads = {}};
  // Before all else: whoever runs from here on is read again by the next look.
  const RunCount ran = CountRuns(directory.get(), "schedstat");
  again.still = StoodStill(known.ran, ran);
  again.draft = {.process = recall_.carry().Over(former), .threads = {}, .image = known.image};
  again.leader = again.draft.process.leader;
  if (!ReadLeader(again) || !ReadThreads(again)) return false;
  ProcessDirectory open(directory.get());
  reader_.ReadSharedTables(open, again.draft.process, &former.leader.namespaces);
  known.ran = ran;
  known.cgroup = memberships_.HashOf(*again.draft.process.leader.cgroup);
  if (again.still)
    still_.push_back(ProcessIndex{static_cast<std::uint32_t>(snapshot_.processes.size())});
  ++(again.still && !again.thread_ran ? counts_.still : counts_.again);
  reader_.Keep(std::move(again.draft));
  Remember(known, std::move(again.threads));
  return true;
}

bool Rescan::ReadLeader(Again& again) {
  const KnownProcess& known = last_.processes[static_cast<std::size_t>(again.last)];
  Process& process = again.draft.process;
  if (again.still) {
    process.leader.cgroup = reader_.ReadCgroup(again.directory);
  } else {
    // Without ptrace access the image shows as 0, and an exec would not be seen.
    if (known.image == 0) return false;
    process.leader = reader_.ReadTask(again.directory);
    const auto stat = ReadStat(buffer_, again.directory);
    if (!stat || stat->facts.start != process.stat.start || stat->image != known.image ||
        IsDead(stat->facts.state)) {
      return false;
    }
    process.stat = stat->facts;
  }
  if (!process.leader.status || !process.leader.cgroup) return false;
  again.leader.cgroup = process.leader.cgroup;
  again.same_leader =
      process.leader == again.leader && memberships_.HashOf(*process.leader.cgroup) == known.cgroup;
  return IsSettled(process);
}

// Threads say something only where they differ from their leader, and one may change another's
// seccomp mode (SECCOMP_FILTER_FLAG_TSYNC): where any of them has changed, all are read as before.
bool Rescan::ReadThreads(Again& again) {
  const auto known = std::ranges::equal_range(last_.threads, again.last, {}, &KnownThread::process);
  const bool alone = again.draft.process.leader.status->threads == 1;
  // A leader that has not run has begun no thread.
  if (known.empty()) return alone;
  if (!options_.threads || alone || !again.same_leader) return false;
  const auto names = ListDirectory(again.directory, "task", options_.most_threads);
  if (!names || names->size() != known.size() + 1) return false;
  auto at = known.begin();
  for (const std::string& name : *names) {
    const Pid tid = ToPid(name);
    if (tid == again.draft.process.pid) continue;
    if (at == known.end() || at->tid != tid || !ReadThread(name, *at, again)) return false;
    ++at;
  }
  again.draft.threads_read = static_cast<std::uint32_t>(known.size());
  return at == known.end();
}

bool Rescan::ReadThread(const std::string& name, const KnownThread& known, Again& again) {
  const Fd directory = OpenPath(again.directory, ("task/" + name).c_str());
  if (!directory) return false;
  const Thread* const recorded = FindThread(last_.records, again.last, known.tid);
  const Task& leader = again.draft.process.leader;
  const RunCount ran = CountRuns(directory.get(), "schedstat");
  Task task = recorded != nullptr ? recall_.carry().Over(recorded->task) : leader;
  if (!StoodStill(known.ran, ran)) {
    again.thread_ran = true;
    Task now = reader_.ReadTask(directory.get());
    if (!now.status || !now.cgroup) return false;
    now.status->innermost_pid = leader.status->innermost_pid;
    now.status->threads = leader.status->threads;
    if (recorded != nullptr) task.cgroup = now.cgroup;
    if (now != task) return false;
  } else if (recorded != nullptr) {
    task.cgroup = reader_.ReadCgroup(directory.get());
  }
  if (task != leader)
    again.draft.threads.push_back({.process = {}, .tid = known.tid, .task = task});
  again.threads.push_back({.process = {}, .tid = known.tid, .ran = ran});
  return true;
}

void Rescan::ReadWhole(const DirectoryEntry& entry) {
  const auto& kernel_threads = last_.kernel_threads;
  const bool is_kernels = std::ranges::binary_search(kernel_threads, entry.inode);
  if (is_kernels) {
    ++snapshot_.counts.kernel_threads;
    known_.kernel_threads.push_back(entry.inode);
    return;
  }
  const Fd directory = OpenPath(roots_.proc.get(), entry.name.c_str());
  const auto stat = ReadStat(buffer_, directory.get());
  if (stat && (stat->facts.flags & ProcStat::kKernelThread) != 0) {
    ++snapshot_.counts.kernel_threads;
    // Only those of kthreadd are such for life: a helper of the kernel is about to exec.
    if (stat->facts.parent == kKthreadd) known_.kernel_threads.push_back(entry.inode);
    return;
  }
  // Before all else, as above.
  const RunCount ran = CountRuns(directory.get(), "schedstat");
  std::vector<KnownThread> threads;
  if (stat && stat->thread_count > 1 && options_.threads) {
    threads = CountThreads(directory.get(), ToPid(entry.name));
  }
  const std::size_t before = snapshot_.processes.size();
  reader_.Read(entry.name);
  if (snapshot_.processes.size() == before) return;
  ++counts_.whole;
  const Process& process = snapshot_.processes.back();
  const bool settled = stat && stat->facts.start == process.stat.start && reader_.last_certain() &&
                       IsSettled(process);
  Remember({.identity = entry.inode,
            .image = reader_.last_image(),
            .ran = ran,
            .cgroup = settled ? memberships_.HashOf(*process.leader.cgroup) : 0,
            .settled = settled},
           std::move(threads));
}

std::vector<KnownThread> Rescan::CountThreads(int directory, Pid leader) {
  std::vector<KnownThread> threads;
  const auto names = ListDirectory(directory, "task", options_.most_threads);
  if (!names) return threads;
  for (const std::string& name : *names) {
    const Pid tid = ToPid(name);
    if (tid == leader) continue;
    threads.push_back({.process = {},
                       .tid = tid,
                       .ran = CountRuns(directory, ("task/" + name + "/schedstat").c_str())});
  }
  return threads;
}

// Nothing counted is no proof of anything, see StoodStill.
RunCount Rescan::CountRuns(int directory, const char* path) {
  const auto text = buffer_.Read(directory, path);
  return text ? ParseSchedstat(*text).value_or(RunCount{}) : RunCount{};
}

void Rescan::Remember(KnownProcess known, std::vector<KnownThread> threads) {
  const auto at = static_cast<std::uint32_t>(snapshot_.processes.size() - 1);
  known_.processes.push_back(known);
  for (KnownThread& thread : threads) {
    thread.process = ProcessIndex{at};
    known_.threads.push_back(thread);
  }
}

// The process that had this number at the last look.
bool Rescan::ParentLives(std::int32_t parent) {
  const auto [at, is_new] = parents_.try_emplace(parent, false);
  if (is_new) {
    const Process* const then = FindProcess(last_.records.processes, Pid{parent});
    const Process* const now = FindProcess(snapshot_.processes, Pid{parent});
    at->second = then != nullptr && now != nullptr && then->stat.start == now->stat.start;
  }
  return at->second;
}

void Rescan::Finish() {
  // A process gets another parent without running itself, when the one it had has ended.
  for (const ProcessIndex at : still_) {
    Process& process = snapshot_.processes[static_cast<std::size_t>(at)];
    if (process.stat.parent == 0 || ParentLives(process.stat.parent)) continue;
    const auto path = std::to_string(std::to_underlying(process.pid)) + "/stat";
    const auto text = buffer_.Read(roots_.proc.get(), path.c_str());
    const auto stat = text ? ParseProcStat(*text) : std::unexpected(text.error());
    if (stat && stat->facts.start == process.stat.start) process.stat.parent = stat->facts.parent;
  }
}

Memory Rescan::TakeKnown() {
  std::ranges::sort(known_.kernel_threads);
  return std::move(known_);
}

}  // namespace hullmark
