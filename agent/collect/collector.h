// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "agent/collect/collect.h"
#include "agent/collect/exec_reader.h"
#include "agent/collect/filters.h"
#include "agent/collect/kept_files.h"
#include "agent/collect/kept_filters.h"
#include "agent/collect/kept_mounts.h"
#include "agent/collect/memory.h"
#include "agent/collect/recall.h"
#include "agent/collect/record_scan.h"
#include "agent/collect/rescan.h"
#include "agent/collect/rotation.h"
#include "agent/runtime/kept_claims.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark {

// What a Collector may keep between looks. In the kernel a mount namespace takes two descriptors
// and less than two kilobytes, a limit file one and about five kilobytes; past the most, it is read
// each time.
struct KeepOptions {
  std::chrono::nanoseconds full_every = std::chrono::minutes(5);
  std::size_t most_mount_namespaces = 1'024;
  std::size_t most_limit_files = 4'096;
  std::size_t most_claim_bytes = std::size_t{4} << 20;
};

// The same, so that at most half of `descriptors` (the soft RLIMIT_NOFILE) are taken.
KeepOptions Within(std::size_t descriptors, KeepOptions options);

// Who tells of the tasks.
struct Tasks {
  RecordReader records{};  // None: all is read through /proc.
  std::string why_not{};   // ... and why, where bpf was wanted.
  bool insisted = false;   // It was asked for by name: that it cannot be had is a problem.
  FilterSource filters{};  // None: nobody tells what seccomp filters permit.
  Error no_filters{.code = ErrorCode::kNotRead};  // ... and why.
};

// Why what our programs in the kernel tell of processes is not of those below `roots`; "": it is.
std::string WhyRecordsDiffer(const Roots& roots);

// Records of this kernel's tasks, where they mean what the files below `roots` mean: nothing is
// read through bpf that belongs to copied trees or to another pid namespace.
Tasks OpenTasks(const Roots& roots, bool insisted);

// A program in the kernel that reads one process at a time. Error: why there is none here.
Result<ExecReader::ReadRecord> OpenOneTask(const Roots& roots);

// Looks again and again. Each look gives the Snapshot that Collect would give, as far as the kernel
// tells what has changed:
//
// - processes: see RecordScan and Rescan. What records say is held against /proc, for a sample of
//   the processes, at the first look and now and then, and what they leave out is read through
//   /proc; at the first difference that stays, or where
//   they cannot be read any more, all is read through /proc for an hour, and Vantage says so;
// - seccomp filters: all tasks are asked which they have, see KeptFilters;
// - mount tables: POLLPRI of a kept mountinfo. It is silent when a file system is remounted from
//   another namespace, when mounts become shared or slaves, and when a mounted file is deleted;
// - maps of user namespaces: they are written once, and read until they are;
// - limits: read each time, through kept descriptors;
// - claims of runtimes: by what the file system tells of their files, see KeptClaims;
// - the host: read each time.
//
// What is taken over is read anew in turns, all of it within `full_every` of CollectOptions::now.
//
// Do no harm: a kept mountinfo keeps the mounts of a container from going away. Whoever has a
// Collector calls LetGo whenever fd() is readable, from any thread, while a look is on too.
class Collector {
 public:
  explicit Collector(Roots roots, const KeepOptions& options = {}, Tasks tasks = {});

  // Error: as Collect; what is kept stays.
  Result<Snapshot> Look(const CollectOptions& options);

  int fd() const { return mounts_.fd(); }  // For poll(2); -1: none.
  void LetGo() { mounts_.LetGo(); }

  // Of the last look.
  const RescanCounts& counts() const { return counts_; }
  // Whether records tell of the tasks, and why they do not any more: for the log.
  bool has_records() const { return static_cast<bool>(tasks_.records); }
  const std::string& why_no_records() const { return tasks_.why_not; }
  std::size_t kept_mount_namespaces() const { return mounts_.size(); }
  std::size_t kept_limit_files() const { return files_.size(); }
  std::size_t kept_claim_files() const { return claims_.size(); }

 private:
  Result<Snapshot> LookOnce(const CollectOptions& options);
  Result<Memory> ReadTasks(hullmark::Look& look, const CollectOptions& options,
                           const Rotation& rotation);
  Result<Memory> ReadRecords(hullmark::Look& look, const CollectOptions& options, Recall& recall);
  Result<Memory> ReadProc(hullmark::Look& look, const CollectOptions& options, Recall& recall);
  bool IsCheckDue(const CollectOptions& options);
  void Check(const CollectOptions& options, const Snapshot& snapshot);
  void DropRecords(std::string why, Timestamp now);
  void TryRecordsAgain(Timestamp now);
  void Tell(Vantage& vantage) const;
  void Remember(const Snapshot& snapshot, Memory known);

  Roots roots_;
  KeepOptions options_;
  KeptMounts mounts_;
  KeptFiles files_;
  KeptClaims claims_;
  Memory memory_;
  RescanCounts counts_;
  Tasks tasks_;
  KeptFilters filters_;
  RecordReader dropped_{};  // Records were had, and are not used for now.
  Timestamp dropped_at_{};
  std::uint64_t looks_ = 0;
  bool check_ = false;         // This look is held against /proc.
  std::vector<Pid> unlisted_;  // Without records, when it was held against /proc last.
};

}  // namespace hullmark
