// SPDX-License-Identifier: Apache-2.0
#include "agent/collect/filters.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include "agent/bpf/filter_memory.h"
#include "agent/bpf/filter_reader.h"
#include "agent/bpf/filter_record.h"
#include "agent/collect/interner.h"
#include "agent/collect/memory.h"
#include "hullmark/facts.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "hullmark/seccomp.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

bool IsFiltered(const Task& task) {
  return task.status && task.status->seccomp == SeccompMode::kFilter;
}

// Gives filters their rows, equal ones the same row.
class FilterRows {
 public:
  FilterRows(const FilterRecords& records, Snapshot& snapshot)
      : records_(records), snapshot_(snapshot) {}

  Fact<SeccompFiltersIndex> Of(std::uint64_t newest) {
    const auto [known, added] = by_place_.try_emplace(newest, Missing(ErrorCode::kTruncated));
    if (!added) return known->second;
    const FilterRecords::Stack* const stack = records_.Find(newest);
    if (stack != nullptr && !stack->filters.empty()) known->second = RowOf(*stack);
    return known->second;
  }

 private:
  using Key =
      std::tuple<Fact<std::vector<SeccompProgramIndex>>, PermittedNumbers, PermittedNumbers>;
  struct Before {
    static auto Comparable(const Key& key) {
      const auto& [programs, native, compat] = key;
      return std::tuple(programs.has_value(),
                        programs ? *programs : std::vector<SeccompProgramIndex>{}, native, compat);
    }
    bool operator()(const Key& a, const Key& b) const { return Comparable(a) < Comparable(b); }
  };

  SeccompProgramIndex ProgramOf(const FilterCode& code) {
    const auto next = static_cast<SeccompProgramIndex>(snapshot_.seccomp_programs.size());
    const auto [known, added] = programs_.try_emplace(&code, next);
    if (added) snapshot_.seccomp_programs.push_back({.instructions = code});
    return known->second;
  }

  static Fact<PermittedNumbers> Notes(const std::vector<std::uint64_t>& words) {
    if (words.empty()) return Missing(ErrorCode::kNotFound);
    return words;
  }

  SeccompFiltersIndex RowOf(const FilterRecords::Stack& stack) {
    Fact<std::vector<SeccompProgramIndex>> programs = std::vector<SeccompProgramIndex>{};
    for (const CopiedFilter* const filter : stack.filters) {
      if (filter->code == nullptr) programs = Missing(ErrorCode::kUnsupported);
      if (programs) programs->push_back(ProgramOf(*filter->code));
    }
    const CopiedFilter& newest = *stack.filters.front();  // Its notes are of all of them.
    const auto next = static_cast<SeccompFiltersIndex>(snapshot_.seccomp_filters.size());
    const auto [known, added] =
        rows_.try_emplace(Key(programs, newest.native, newest.compat), next);
    if (added) {
      snapshot_.seccomp_filters.push_back({.programs = std::move(programs),
                                           .permitted = Notes(newest.native),
                                           .permitted_compat = Notes(newest.compat)});
    }
    return known->second;
  }

  const FilterRecords& records_;
  Snapshot& snapshot_;
  std::unordered_map<std::uint64_t, Fact<SeccompFiltersIndex>> by_place_;
  std::unordered_map<const FilterCode*, SeccompProgramIndex> programs_;
  std::map<Key, SeccompFiltersIndex, Before> rows_;
};

// Whether a status was of the task as its record has it.
bool HasAsMany(const Task& task, const FilteredTask& record) {
  constexpr std::uint32_t kMost = std::numeric_limits<std::uint16_t>::max();
  const auto& filters = task.status->seccomp_filters;
  return !filters || *filters == std::min<std::uint32_t>(record.filters, kMost);
}

bool IsOf(const FilteredTask& record, const Process& process) {
  constexpr std::uint64_t kNanosecondsPerTick = 10'000'000;
  return static_cast<BootTicks>(record.start / kNanosecondsPerTick) == process.stat.start;
}

class Joining {
 public:
  Joining(const FilterRecords& records, std::size_t most_threads, Snapshot& snapshot)
      : records_(records), snapshot_(snapshot), rows_(records, snapshot), room_(most_threads) {}

  void AddLeaders() {
    for (Process& process : snapshot_.processes) {
      if (!IsFiltered(process.leader)) continue;
      const FilteredTask* const record = FindLeader(std::to_underlying(process.pid));
      const bool same =
          record != nullptr && (record->tid != record->tgid || IsOf(*record, process));
      process.leader.filters = same ? Of(process.leader, *record) : Missing(ErrorCode::kVanished);
    }
  }

  void AddThreads() {
    for (Thread& thread : snapshot_.threads) {
      if (!IsFiltered(thread.task)) continue;
      // One that has no record has its leader's.
      const FilteredTask* const record = Find(std::to_underlying(thread.tid));
      thread.task.filters = record != nullptr ? Of(thread.task, *record)
                                              : snapshot_.At(thread.process).leader.filters;
    }
    const std::size_t before = snapshot_.threads.size();
    for (const FilteredTask& record : records_.tasks) {
      if (record.tid != record.tgid) AddThread(record, before);
    }
    if (snapshot_.threads.size() == before) return;
    std::ranges::sort(snapshot_.threads, {}, Place);
  }

 private:
  static std::tuple<ProcessIndex, Pid> Place(const Thread& thread) {
    return {thread.process, thread.tid};
  }

  const FilteredTask* Find(int tid) const {
    const auto at = std::ranges::lower_bound(records_.tasks, tid, {}, &FilteredTask::tid);
    return at != records_.tasks.end() && at->tid == tid ? &*at : nullptr;
  }

  // A leader that has ended has no filters any more: what is told of it is told of a thread.
  const FilteredTask* FindLeader(int pid) const {
    if (const FilteredTask* const leader = Find(pid)) return leader;
    const auto first = std::ranges::find_if(
        records_.tasks, [pid](const FilteredTask& task) { return task.tgid == pid; });
    return first == records_.tasks.end() ? nullptr : &*first;
  }

  Fact<SeccompFiltersIndex> Of(const Task& task, const FilteredTask& record) {
    if (!HasAsMany(task, record)) return Missing(ErrorCode::kVanished);
    return rows_.Of(record.filter);
  }

  // `known`: so many threads were recorded before.
  void AddThread(const FilteredTask& record, std::size_t known) {
    const Process* const process = FindProcess(snapshot_.processes, Pid{record.tgid});
    if (process == nullptr || !IsFiltered(process->leader)) return;
    const auto index = static_cast<ProcessIndex>(process - snapshot_.processes.data());
    const auto end = snapshot_.threads.begin() + static_cast<std::ptrdiff_t>(known);
    const std::tuple place{index, Pid{record.tid}};
    const auto at = std::ranges::lower_bound(snapshot_.threads.begin(), end, place, {}, Place);
    if (at != end && Place(*at) == place) return;
    Task task = process->leader;
    task.filters = Of(task, record);
    if (task.filters == process->leader.filters || !HasAsMany(task, record)) return;
    if (room_ == 0) {
      ++snapshot_.processes[static_cast<std::size_t>(index)].threads_unread;
      return;
    }
    --room_;
    snapshot_.threads.push_back({.process = index, .tid = Pid{record.tid}, .task = task});
  }

  const FilterRecords& records_;
  Snapshot& snapshot_;
  FilterRows rows_;
  std::size_t room_;
};

}  // namespace

void AddFilters(const FilterRecords& records, std::size_t most_threads, Snapshot& snapshot) {
  Joining joining(records, most_threads, snapshot);
  joining.AddLeaders();
  joining.AddThreads();
}

std::size_t DenyFilters(Fault fault, Snapshot& snapshot) {
  std::size_t denied = 0;
  const auto deny = [&](Task& task) {
    if (!IsFiltered(task)) return;
    task.filters = std::unexpected(fault);
    ++denied;
  };
  for (Process& process : snapshot.processes) deny(process.leader);
  for (Thread& thread : snapshot.threads) deny(thread.task);
  return denied;
}

}  // namespace hullmark
