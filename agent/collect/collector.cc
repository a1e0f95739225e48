// SPDX-License-Identifier: Apache-2.0
#include "agent/collect/collector.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <iterator>
#include <random>
#include <ranges>
#include <string>
#include <utility>
#include <vector>

#include "agent/base/file.h"
#include "agent/collect/carry.h"
#include "agent/collect/collect.h"
#include "agent/collect/compare_sources.h"
#include "agent/collect/compare_tasks.h"
#include "agent/collect/fact_tables.h"
#include "agent/collect/look.h"
#include "agent/collect/memory.h"
#include "agent/collect/recall.h"
#include "agent/collect/record_scan.h"
#include "agent/collect/rescan.h"
#include "agent/collect/rotation.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark {

KeepOptions Within(std::size_t descriptors, KeepOptions options) {
  // Mount tables first: they are dearer to read.
  const std::size_t most = descriptors / 2;
  options.most_mount_namespaces = std::min(options.most_mount_namespaces, most / 4);
  options.most_limit_files =
      std::min(options.most_limit_files, most - 2 * options.most_mount_namespaces);
  return options;
}

Collector::Collector(Roots roots, const KeepOptions& options, Tasks tasks)
    : roots_(std::move(roots)),
      options_(options),
      mounts_(options.most_mount_namespaces),
      files_(options.most_limit_files),
      claims_(options.most_claim_bytes),
      tasks_(std::move(tasks)),
      filters_(std::exchange(tasks_.filters, {}), tasks_.no_filters) {}

Result<Snapshot> Collector::Look(const CollectOptions& options) {
  TryRecordsAgain(options.now);
  check_ = has_records() && IsCheckDue(options);
  auto snapshot = LookOnce(options);
  if (has_records()) {
    if (snapshot && check_) Check(options, *snapshot);
    if (!snapshot) DropRecords(snapshot.error().message, options.now);
    if (!has_records()) snapshot = LookOnce(options);
  }
  if (snapshot) Tell(snapshot->vantage);
  return snapshot;
}

Result<Snapshot> Collector::LookOnce(const CollectOptions& options) {
  hullmark::Look look(roots_, options);
  look.Begin();
  const Rotation rotation(memory_.looked_at, options.now, options_.full_every);
  mounts_.BeginLook(
      [&](NamespaceInode inode) { return rotation.IsDue(std::to_underlying(inode)); });
  files_.BeginLook(rotation);
  claims_.BeginLook(
      options.now, [rotation](std::uint64_t path) { return rotation.IsDue(path); },
      options.label_keys);
  auto known = ReadTasks(look, options, rotation);
  if (!known) return std::unexpected(std::move(known.error()));
  known->looked_at = options.now;
  known->mount_tables = look.reader().mount_tables();
  mounts_.EndLook(
      [&](NamespaceInode inode) { return FindMountNamespace(look.snapshot(), inode) != nullptr; });
  memory_ = {};  // It and its successor need not be at the same time.
  Remember(look.snapshot(), std::move(*known));
  filters_.Read(options, look.snapshot());
  auto snapshot = look.Finish(&files_, &claims_);
  filters_.Decode(snapshot);
  files_.EndLook();
  claims_.EndLook();
  return snapshot;
}

Result<Memory> Collector::ReadTasks(hullmark::Look& look, const CollectOptions& options,
                                    const Rotation& rotation) {
  Recall recall(memory_, look.reader().tables(), mounts_, rotation);
  look.reader().TakeOver(recall);
  return has_records() ? ReadRecords(look, options, recall) : ReadProc(look, options, recall);
}

Result<Memory> Collector::ReadRecords(hullmark::Look& look, const CollectOptions& options,
                                      Recall& recall) {
  const auto shape = ShapeOfStatus(roots_, options);
  if (!shape) return std::unexpected(shape.error());
  const auto records = tasks_.records(
      {.most_leaders = options.most_processes, .most_threads = options.most_threads});
  if (!records) return std::unexpected(records.error());
  RecordScan scan(roots_, options, look, recall, *shape);
  if (check_) unlisted_ = UnlistedProcesses(roots_, options, *records);
  scan.Read(*records, unlisted_);
  const auto ended = look.EndProcesses();
  if (!ended) return std::unexpected(ended.error());
  counts_ = scan.counts();
  return scan.TakeKnown();
}

Result<Memory> Collector::ReadProc(hullmark::Look& look, const CollectOptions& options,
                                   Recall& recall) {
  Rescan rescan(roots_, options, look.snapshot(), look.memberships(), look.reader(), look.buffer(),
                recall);
  const auto read =
      look.ReadProcesses([&rescan](const DirectoryEntry& entry) { rescan.Read(entry); });
  if (!read) return std::unexpected(read.error());
  rescan.Finish();
  counts_ = rescan.counts();
  return rescan.TakeKnown();
}

// The first look is held against /proc, then about one in eight.
bool Collector::IsCheckDue(const CollectOptions& options) {
  constexpr std::uint64_t kOneIn = 8;
  std::minstd_rand random(static_cast<std::uint_fast32_t>(std::to_underlying(options.now)));
  return looks_++ == 0 || random() % kOneIn == 0;
}

void Collector::Check(const CollectOptions& options, const Snapshot& snapshot) {
  constexpr std::size_t kAtFirst = 32;
  constexpr std::size_t kLater = 8;
  std::minstd_rand random(static_cast<std::uint_fast32_t>(std::to_underlying(options.now)));
  const bool first = looks_ == 1;
  std::vector<Pid> sample;
  std::ranges::sample(snapshot.processes | std::views::transform(&Process::pid),
                      std::back_inserter(sample),
                      static_cast<std::ptrdiff_t>(first ? kAtFirst : kLater), random);
  const auto compared = CompareSample(roots_, options, tasks_.records, snapshot, sample);
  if (!compared) return DropRecords(compared.error().message, options.now);
  if (compared->differences.empty()) return;
  const TaskDifference& one = compared->differences.front();
  DropRecords("bpf and /proc tell process " + std::to_string(std::to_underlying(one.pid)) +
                  " differently, " + std::string(one.field) + ": " + one.bpf + " and " + one.proc,
              options.now);
}

void Collector::DropRecords(std::string why, Timestamp now) {
  dropped_ = std::exchange(tasks_.records, {});
  dropped_at_ = now;
  tasks_.why_not = std::move(why);
  memory_ = {};  // Each source knows processes by marks of its own.
}

// Nobody who makes them differ once shall be rid of them for ever. The first look is held against
// /proc again.
void Collector::TryRecordsAgain(Timestamp now) {
  constexpr std::int64_t kHour = 3'600'000'000'000;
  const std::int64_t since = std::to_underlying(now) - std::to_underlying(dropped_at_);
  if (!dropped_ || (since >= 0 && since < kHour)) return;
  tasks_.records = std::exchange(dropped_, {});
  tasks_.why_not.clear();
  memory_ = {};
  looks_ = 0;
}

void Collector::Tell(Vantage& vantage) const {
  vantage.source = has_records() ? TaskSource::kBpf : TaskSource::kProc;
  vantage.source_reason = tasks_.why_not;
  if (tasks_.why_not.empty() || !(dropped_ || tasks_.insisted)) return;
  vantage.problems.push_back({.id = "bpf",
                              .text = tasks_.why_not + ": tasks are read through /proc",
                              .remedy = dropped_ ? "please report this kernel; collect.source: proc"
                                                 : "collect.source: auto, or what it asks for"});
}

void Collector::Remember(const Snapshot& snapshot, Memory known) {
  memory_ = std::move(known);
  Snapshot& records = memory_.records;
  FactTables tables(records);
  Carry carry(snapshot, tables);
  records.processes.reserve(snapshot.processes.size());
  for (const Process& process : snapshot.processes) {
    records.processes.push_back(carry.Over(process));
  }
  for (const Thread& thread : snapshot.threads) {
    Thread copy = thread;
    copy.task = carry.Over(thread.task);
    records.threads.push_back(copy);
  }
  records.user_namespaces = snapshot.user_namespaces;
  for (const MountNamespace& space : snapshot.mount_namespaces) {
    if (!mounts_.IsKept(space.inode) || !space.mounts) continue;
    records.mount_namespaces.push_back({.inode = space.inode,
                                        .mounts = carry.Over(*space.mounts),
                                        .rootless_table = space.rootless_table,
                                        .truncated = space.truncated});
  }
}

}  // namespace hullmark
