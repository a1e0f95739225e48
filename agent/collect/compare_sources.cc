// SPDX-License-Identifier: Apache-2.0
#include "agent/collect/compare_sources.h"

#include <algorithm>
#include <chrono>
#include <expected>
#include <functional>
#include <iterator>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "agent/base/file.h"
#include "agent/bpf/task_iterator.h"
#include "agent/bpf/task_record.h"
#include "agent/collect/collect.h"
#include "agent/collect/compare_tasks.h"
#include "agent/collect/kept_mounts.h"
#include "agent/collect/look.h"
#include "agent/collect/memory.h"
#include "agent/collect/process_reader.h"
#include "agent/collect/recall.h"
#include "agent/collect/record_scan.h"
#include "agent/collect/rotation.h"
#include "agent/parse/proc_status.h"
#include "hullmark/facts.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

bool IsIn(std::span<const Pid> sample, Pid pid) {
  return sample.empty() || std::ranges::binary_search(sample, pid);
}

// Containers, limits and the host are left out: both sources have them from the same place.
Result<Snapshot> LookThroughRecords(const Roots& roots, const CollectOptions& options,
                                    const RecordReader& read, std::span<const Pid> sample) {
  const auto shape = ShapeOfStatus(roots, options);
  if (!shape) return std::unexpected(shape.error());
  auto records =
      read({.most_leaders = options.most_processes, .most_threads = options.most_threads});
  if (!records) return std::unexpected(std::move(records.error()));
  auto unlisted = UnlistedProcesses(roots, options, *records);
  std::erase_if(unlisted, [&](Pid pid) { return !IsIn(sample, pid); });
  const auto other = [&](const TaskRecord& record) { return !IsIn(sample, Pid{record.tgid}); };
  std::erase_if(records->leaders, other);
  std::erase_if(records->threads, other);
  Look look(roots, options);
  look.Begin();
  const Memory nothing;
  KeptMounts none(0);
  Recall recall(nothing, look.reader().tables(), none, Rotation({}, {}, std::chrono::minutes(5)));
  look.reader().TakeOver(recall);
  RecordScan scan(roots, options, look, recall, *shape);
  scan.Read(*records, unlisted);
  const auto ended = look.EndProcesses();
  if (!ended) return std::unexpected(ended.error());
  return std::move(look.snapshot());
}

Result<Snapshot> LookThroughProc(const Roots& roots, const CollectOptions& options,
                                 std::span<const Pid> sample) {
  Look look(roots, options);
  look.Begin();
  ProcessReader& reader = look.reader();
  if (sample.empty()) {
    const auto read =
        look.ReadProcesses([&](const DirectoryEntry& entry) { reader.Read(entry.name); });
    if (!read) return std::unexpected(read.error());
  }
  for (const Pid pid : sample) reader.Read(std::to_string(std::to_underlying(pid)));
  std::ranges::sort(look.snapshot().user_namespaces, {}, &UserNamespace::inode);
  return std::move(look.snapshot());
}

Result<TaskComparison> CompareOnce(const Roots& roots, const CollectOptions& options,
                                   const RecordReader& records, std::span<const Pid> sample) {
  const auto bpf = LookThroughRecords(roots, options, records, sample);
  if (!bpf) return std::unexpected(bpf.error());
  const auto proc = LookThroughProc(roots, options, sample);
  if (!proc) return std::unexpected(proc.error());
  return CompareTasks(*bpf, *proc, false);
}

bool IsOfSameField(const TaskDifference& a, const TaskDifference& b) {
  return a.pid == b.pid && a.tid == b.tid && a.field == b.field;
}

bool IsSame(const TaskDifference& a, const TaskDifference& b) {
  return IsOfSameField(a, b) && a.bpf == b.bpf && a.proc == b.proc;
}

std::vector<Pid> PidsOf(const std::vector<TaskDifference>& differences) {
  std::vector<Pid> pids;
  for (const TaskDifference& one : differences) {
    if (pids.empty() || pids.back() != one.pid) pids.push_back(one.pid);
  }
  return pids;
}

// Leaves of `former` what `now` says, too.
void KeepWhatStays(std::vector<TaskDifference>& former, const std::vector<TaskDifference>& now,
                   bool (*is_same)(const TaskDifference&, const TaskDifference&)) {
  std::erase_if(former, [&](const TaskDifference& one) {
    return std::ranges::none_of(now, std::bind_front(is_same, one));
  });
}

// Looks again at the processes that differ. Whatever differs by accident is gone by then, or has
// changed.
Result<void> LookAgain(const Roots& roots, const CollectOptions& options,
                       const RecordReader& records, TaskComparison& comparison) {
  constexpr int kTimes = 4;
  std::vector<TaskDifference> restless = comparison.differences;
  std::vector<TaskDifference> last = std::exchange(comparison.differences, {});
  for (int time = 0; time < kTimes && !restless.empty(); ++time) {
    const auto now = CompareOnce(roots, options, records, PidsOf(restless));
    if (!now) return std::unexpected(now.error());
    KeepWhatStays(restless, now->differences, IsOfSameField);
    KeepWhatStays(last, now->differences, IsSame);
    // The same twice, of both.
    std::ranges::copy(last, std::back_inserter(comparison.differences));
    std::erase_if(restless, [&](const TaskDifference& one) {
      return std::ranges::any_of(last, std::bind_front(IsOfSameField, one));
    });
    last = now->differences;
    KeepWhatStays(last, restless, IsOfSameField);
  }
  std::ranges::stable_sort(comparison.differences, {}, &TaskDifference::pid);
  comparison.restless = restless.size();
  return {};
}

}  // namespace

Result<ProcStatus> ShapeOfStatus(const Roots& roots, const CollectOptions& options) {
  ReadBuffer buffer(options.most_file_bytes);
  const auto text = buffer.Read(roots.proc.get(), "self/status");
  const auto parsed = text ? ParseProcStatus(*text) : std::unexpected(text.error());
  if (parsed) return parsed->facts;
  return Fail(parsed.error().code,
              "/proc/self/status: " + std::string(NameOf(parsed.error().code)));
}

Result<TaskComparison> CompareSources(const Roots& roots, const CollectOptions& options,
                                      const RecordReader& records) {
  auto comparison = CompareOnce(roots, options, records, {});
  if (!comparison) return comparison;
  const auto again = LookAgain(roots, options, records, *comparison);
  if (!again) return std::unexpected(again.error());
  return comparison;
}

Result<TaskComparison> CompareSample(const Roots& roots, const CollectOptions& options,
                                     const RecordReader& records, const Snapshot& taken,
                                     std::span<const Pid> sample) {
  const auto proc = LookThroughProc(roots, options, sample);
  if (!proc) return std::unexpected(proc.error());
  TaskComparison comparison = CompareTasks(taken, *proc, true);
  const auto again = LookAgain(roots, options, records, comparison);
  if (!again) return std::unexpected(again.error());
  return comparison;
}

}  // namespace hullmark
