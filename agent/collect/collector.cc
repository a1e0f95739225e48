// SPDX-License-Identifier: Apache-2.0
#include "agent/collect/collector.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <utility>

#include "agent/base/file.h"
#include "agent/collect/carry.h"
#include "agent/collect/collect.h"
#include "agent/collect/fact_tables.h"
#include "agent/collect/look.h"
#include "agent/collect/memory.h"
#include "agent/collect/recall.h"
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

Collector::Collector(Roots roots, const KeepOptions& options)
    : roots_(std::move(roots)),
      options_(options),
      mounts_(options.most_mount_namespaces),
      files_(options.most_limit_files),
      claims_(options.most_claim_bytes) {}

Result<Snapshot> Collector::Look(const CollectOptions& options) {
  hullmark::Look look(roots_, options);
  if (const auto begun = look.Begin(); !begun) return std::unexpected(begun.error());
  const Rotation rotation(memory_.looked_at, options.now, options_.full_every);
  mounts_.BeginLook(
      [&](NamespaceInode inode) { return rotation.IsDue(std::to_underlying(inode)); });
  files_.BeginLook(rotation);
  claims_.BeginLook(
      options.now, [rotation](std::uint64_t path) { return rotation.IsDue(path); },
      options.label_keys);
  Memory known;
  {
    Recall recall(memory_, look.reader().tables(), mounts_, rotation);
    look.reader().TakeOver(recall);
    Rescan rescan(roots_, options, look.snapshot(), look.memberships(), look.reader(),
                  look.buffer(), recall);
    const auto read =
        look.ReadProcesses([&rescan](const DirectoryEntry& entry) { rescan.Read(entry); });
    if (!read) return std::unexpected(read.error());
    rescan.Finish();
    counts_ = rescan.counts();
    known = rescan.TakeKnown();
  }
  known.looked_at = options.now;
  known.mount_tables = look.reader().mount_tables();
  mounts_.EndLook(
      [&](NamespaceInode inode) { return FindMountNamespace(look.snapshot(), inode) != nullptr; });
  memory_ = {};  // It and its successor need not be at the same time.
  Remember(look.snapshot(), std::move(known));
  auto snapshot = look.Finish(&files_, &claims_);
  files_.EndLook();
  claims_.EndLook();
  return snapshot;
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
