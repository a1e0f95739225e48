// SPDX-License-Identifier: Apache-2.0
#include "agent/collect/process_reader.h"

#include <fcntl.h>
#include <sys/types.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/base/file.h"
#include "agent/collect/collect.h"
#include "agent/collect/interner.h"
#include "agent/collect/membership.h"
#include "agent/collect/open_process.h"
#include "agent/parse/namespace_link.h"
#include "agent/parse/proc_stat.h"
#include "agent/parse/proc_status.h"
#include "hullmark/facts.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

bool IsGone(const Fault& fault) {
  return fault.code == ErrorCode::kNotFound || fault.code == ErrorCode::kVanished;
}

Task Vanished() {
  Task task{.status = Missing(ErrorCode::kVanished),
            .namespaces = {},
            .label = Missing(ErrorCode::kVanished),
            .cgroup = Missing(ErrorCode::kVanished)};
  for (std::size_t at = 0; at < kNamespaceKinds; ++at) {
    task.namespaces.Set(static_cast<NamespaceKind>(at), Missing(ErrorCode::kVanished));
  }
  return task;
}

// A thread that ends while it is read loses its files one after the other, and its v1 cgroups.
bool MayHaveEnded(const Task& task, const Task& leader) {
  if (!task.status || task.cgroup != leader.cgroup) return true;
  for (std::size_t at = 0; at < kNamespaceKinds; ++at) {
    const auto inode = task.namespaces[static_cast<NamespaceKind>(at)];
    if (!inode && IsGone(inode.error())) return true;
  }
  return false;
}

bool HasEnded(const Fact<ParsedStat>& stat) {
  return stat ? IsDead(stat->facts.state) : IsGone(stat.error());
}

template <typename T>
void Agree(const Fact<T>& former, Fact<T>& last) {
  if (last && former != last) last = Missing(ErrorCode::kVanished);
}

bool Lists(const std::vector<Thread>& threads, const Thread& wanted) {
  return std::ranges::any_of(threads, [&](const Thread& thread) {
    return thread.tid == wanted.tid && thread.task == wanted.task;
  });
}

}  // namespace

bool IsDead(char state) { return state == 'Z' || state == 'X' || state == 'x'; }

Fact<ParsedStat> ReadStat(ReadBuffer& buffer, int directory) {
  const auto text = buffer.Read(directory, "stat");
  if (!text) return std::unexpected(text.error());
  return ParseProcStat(*text);
}

Pid ToPid(std::string_view name) {
  pid_t pid = 0;
  std::from_chars(name.data(), name.data() + name.size(), pid);
  return Pid{pid};
}

void KeepAgreed(const ProcessDraft& former, ProcessDraft& last) {
  Process& process = last.process;
  Agree(former.process.leader.status, process.leader.status);
  Agree(former.process.leader.label, process.leader.label);
  Agree(former.process.executable, process.executable);
  Agree(former.process.rlimits, process.rlimits);
  Agree(former.process.stdio, process.stdio);
  Agree(former.process.invocation, process.invocation);
  Agree(former.process.oom_score_adj, process.oom_score_adj);
  process.threads_unread += static_cast<std::uint32_t>(std::erase_if(
      last.threads, [&](const Thread& thread) { return !Lists(former.threads, thread); }));
}

ProcessReader::ProcessReader(const Roots& roots, const CollectOptions& options, Snapshot& snapshot,
                             Memberships& memberships, ReadBuffer& buffer)
    : roots_(roots),
      options_(options),
      snapshot_(snapshot),
      memberships_(memberships),
      buffer_(buffer),
      label_source_(FindLabelSource(roots, buffer)),
      tables_(snapshot) {}

void ProcessReader::Read(const std::string& name) {
  // A process that execs while it is read would mix two programs: it is read again.
  constexpr int kAttempts = 3;
  ProcessDraft former;
  for (int attempt = 1;; ++attempt) {
    ProcessDraft draft;
    const Attempt made = ReadOnce(name, draft);
    if (made == Attempt::kDone) return;
    if (made == Attempt::kGone) break;
    if (attempt == kAttempts) {
      KeepAgreed(former, draft);
      draft.certain = false;
      Keep(std::move(draft));
      return;
    }
    former = std::move(draft);
  }
  ++snapshot_.counts.vanished;
}

ProcessReader::Attempt ProcessReader::ReadOnce(const std::string& name, ProcessDraft& draft) {
  const auto directory = OpenDirectory(roots_.proc.get(), name.c_str());
  if (!directory && IsGone(directory.error())) return Attempt::kGone;
  const auto before = directory ? ReadStat(buffer_, directory->get())
                                : Fact<ParsedStat>(std::unexpected(directory.error()));
  if (!before) {
    if (IsGone(before.error())) return Attempt::kGone;
    ++snapshot_.counts.unreadable;
    return Attempt::kDone;
  }
  if ((before->facts.flags & ProcStat::kKernelThread) != 0) {
    ++snapshot_.counts.kernel_threads;
    return Attempt::kDone;
  }
  draft.process.pid = ToPid(name);
  draft.process.stat = before->facts;
  draft.image = before->image;
  if (IsDead(before->facts.state)) return ReadOrphans(directory->get(), *before, draft);
  ReadFiles(directory->get(), *before, draft);
  return Finish(directory->get(), *before, draft);
}

ProcessReader::Attempt ProcessReader::ReadOrphans(int directory, const ParsedStat& before,
                                                  ProcessDraft& draft) {
  // A leader may end before its threads: the process lives as long as one of them does.
  draft.certain = false;
  const Remains remains = before.thread_count > 1
                              ? AdoptLiveThread(directory, before.thread_count, draft)
                              : Remains::kNothing;
  if (remains == Remains::kThreads) return Finish(directory, before, draft);
  if (remains == Remains::kNothing) {
    CountZombie(before.facts.parent);
    return Attempt::kDone;
  }
  draft.process.leader = Vanished();
  return Attempt::kChanged;
}

ProcessReader::Attempt ProcessReader::Finish(int directory, const ParsedStat& before,
                                             const ProcessDraft& draft) {
  if (draft.process.leader.status && draft.process.leader.status->kernel_thread.value_or(false)) {
    ++snapshot_.counts.kernel_threads;
    return Attempt::kDone;
  }
  const auto after = ReadStat(buffer_, directory);
  if (!after) return IsGone(after.error()) ? Attempt::kGone : Attempt::kChanged;
  if (after->facts.start != before.facts.start) return Attempt::kGone;
  if (IsDead(after->facts.state) != IsDead(before.facts.state)) return Attempt::kChanged;
  if (after->image != before.image) return Attempt::kChanged;
  Keep(draft);
  return Attempt::kDone;
}

void ProcessReader::ReadFiles(int directory, const ParsedStat& before, ProcessDraft& draft) {
  Process& process = draft.process;
  process.leader = ReadTask(directory);
  process.rlimits = ReadRlimits(directory);
  process.oom_score_adj = ReadOomScoreAdj(directory);
  ReadProgram(directory, process);
  ProcessDirectory open(directory);
  ReadSharedTables(open, process, nullptr);
  if (options_.threads && before.thread_count > 1) {
    ReadThreads(directory, draft, before.thread_count);
  }
  if (!options_.threads && before.thread_count > 1)
    process.threads_unread = before.thread_count - 1;
}

void ProcessReader::ReadProgram(int directory, Process& process) {
  process.executable = ReadExecutable(directory);
  process.stdio = ReadStdio(directory);
  process.invocation = ReadInvocation(directory, process);
}

void ProcessReader::CountZombie(std::int32_t parent) {
  ++snapshot_.counts.zombies;
  zombies_.push_back({.parent = parent});
}

Task ProcessReader::ReadTask(int directory) {
  ProcessDirectory open(directory);
  return Task{.status = ReadStatus(directory),
              .namespaces = ReadNamespaces(directory),
              .label = ReadLabel(open),
              .cgroup = ReadCgroup(directory)};
}

Fact<ProcStatus> ProcessReader::ReadStatus(int directory) {
  const auto text = buffer_.Read(directory, "status");
  if (!text) return std::unexpected(text.error());
  auto parsed = ParseProcStatus(*text);
  if (!parsed) return std::unexpected(parsed.error());
  const auto groups = groups_.Find(parsed->groups, [&](std::string_view list) {
    auto ids = ParseGroups(list);
    return ids ? Fact<GroupListIndex>(tables_.Keep(std::move(*ids))) : std::unexpected(ids.error());
  });
  if (!groups) return std::unexpected(groups.error());
  parsed->facts.groups = *groups;
  return parsed->facts;
}

Namespaces ProcessReader::ReadNamespaces(int directory) {
  Namespaces namespaces;
  const Fd links(openat(directory, "ns", O_PATH | O_DIRECTORY | O_CLOEXEC));
  const Fault closed = FaultOfErrno();
  for (std::size_t at = 0; at < kNamespaceKinds; ++at) {
    const auto kind = static_cast<NamespaceKind>(at);
    if (!links) {
      namespaces.Set(kind, std::unexpected(closed));
      continue;
    }
    // readlink, not stat: stat would instantiate an inode for each link, at twice the cost.
    const auto link = buffer_.ReadLink(links.get(), kNamespaceNames[at].data());
    namespaces.Set(kind, link ? ParseNamespaceLink(*link, kind) : std::unexpected(link.error()));
  }
  return namespaces;
}

void ProcessReader::ReadThreads(int directory, ProcessDraft& draft, std::uint32_t thread_count) {
  bool truncated = false;
  const auto names = ListUpTo(directory, "task", options_.most_threads, truncated);
  // Those that could not be listed: whatever they are, they are not known. The leader is in both.
  const auto listed = names ? static_cast<std::uint32_t>(names->size()) : 1U;
  if (!names || truncated) {
    draft.process.threads_unread += thread_count > listed ? thread_count - listed : 1;
  }
  if (!names) return;
  for (const std::string& name : *names) {
    if (ToPid(name) != draft.process.pid) ReadThread(directory, name, draft);
  }
}

void ProcessReader::ReadThread(int process_directory, const std::string& name,
                               ProcessDraft& draft) {
  const auto directory = OpenDirectory(process_directory, ("task/" + name).c_str());
  if (!directory) {
    if (!IsGone(directory.error())) ++draft.process.threads_unread;
    return;
  }
  Task task = ReadTask(directory->get());
  ++draft.threads_read;
  const Task& leader = draft.process.leader;
  if (MayHaveEnded(task, leader) && HasEnded(ReadStat(buffer_, directory->get()))) return;
  if (task.status && leader.status) {
    // NSpid counts threads too: the thread's own number is no difference.
    task.status->innermost_pid = leader.status->innermost_pid;
    task.status->threads = leader.status->threads;
  }
  if (task != leader) draft.threads.push_back({.process = {}, .tid = ToPid(name), .task = task});
}

ProcessReader::Remains ProcessReader::AdoptLiveThread(int directory, std::uint32_t thread_count,
                                                      ProcessDraft& draft) {
  bool truncated = false;
  const auto names = ListUpTo(directory, "task", options_.most_threads, truncated);
  if (!names) return Remains::kUnknown;
  Remains others = truncated ? Remains::kUnknown : Remains::kNothing;
  for (const std::string& name : *names) {
    const auto thread_directory = OpenDirectory(directory, ("task/" + name).c_str());
    const auto stat = thread_directory
                          ? ReadStat(buffer_, thread_directory->get())
                          : Fact<ParsedStat>(std::unexpected(thread_directory.error()));
    if (stat && IsDead(stat->facts.state)) continue;
    if (!stat) {
      // It may have ended, or have become the leader by an exec.
      others = Remains::kUnknown;
      continue;
    }
    draft.process.stat.state = stat->facts.state;
    ReadFiles(thread_directory->get(), ParsedStat{.facts = stat->facts, .thread_count = 1}, draft);
    // Number 1 of a pid namespace is its leader's number, which a zombie keeps.
    const auto leader = ReadStatus(directory);
    auto& status = draft.process.leader.status;
    if (leader && status) status->innermost_pid = leader->innermost_pid;
    ReadThreads(directory, draft, thread_count);
    return Remains::kThreads;
  }
  return others;
}

void ProcessReader::Keep(ProcessDraft draft) {
  snapshot_.counts.threads += draft.threads_read;
  last_image_ = draft.image;
  last_certain_ = draft.certain;
  const auto at = Add<ProcessIndex>(snapshot_.processes, draft.process);
  for (Thread& thread : draft.threads) {
    thread.process = at;
    snapshot_.threads.push_back(thread);
  }
}

}  // namespace hullmark
