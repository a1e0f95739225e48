// SPDX-License-Identifier: Apache-2.0
#include "agent/collect/compare_sources.h"

#include <algorithm>
#include <chrono>
#include <expected>
#include <functional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "agent/base/file.h"
#include "agent/bpf/task_iterator.h"
#include "agent/bpf/task_record.h"
#include "agent/collect/collect.h"
#include "agent/collect/compare.h"
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

bool IsSame(const Difference& a, const Difference& b) {
  return a.pid == b.pid && a.tid == b.tid && a.field == b.field;
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

Result<SourceComparison> CompareSources(const Roots& roots, const CollectOptions& options,
                                        const RecordReader& records, std::span<const Pid> sample,
                                        const Snapshot* first) {
  constexpr int kAttempts = 5;
  std::vector<Difference> stay;
  for (int attempt = 0;; ++attempt) {
    Result<Snapshot> taken = Snapshot{};
    const Snapshot* bpf = attempt == 0 ? first : nullptr;
    if (bpf == nullptr) {
      taken = LookThroughRecords(roots, options, records, sample);
      if (!taken) return std::unexpected(std::move(taken.error()));
      bpf = &*taken;
    }
    const auto proc = LookThroughProc(roots, options, sample);
    if (!proc) return std::unexpected(proc.error());
    SourceComparison now = Compare(*bpf, *proc, !sample.empty());
    if (attempt > 0) {
      std::erase_if(now.differences, [&](const Difference& one) {
        return std::ranges::none_of(stay, std::bind_front(IsSame, one));
      });
    }
    if (now.differences.empty() || attempt + 1 == kAttempts) return now;
    stay = now.differences;
  }
}

}  // namespace hullmark
