// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "agent/base/file.h"
#include "agent/bpf/task_iterator.h"
#include "agent/bpf/task_record.h"
#include "agent/collect/collect.h"
#include "agent/collect/look.h"
#include "agent/collect/membership.h"
#include "agent/collect/memory.h"
#include "agent/collect/open_process.h"
#include "agent/collect/process_reader.h"
#include "agent/collect/recall.h"
#include "agent/collect/rescan.h"
#include "hullmark/facts.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark {

// Writes the records of this kernel's tasks, see TaskIterator::Read.
using RecordReader = std::function<Result<TaskRecords>(const RecordBounds&)>;

// Processes of /proc that have no record: a kernel may keep some from its iterators (its init,
// say), others were born since. Ascending; threads of the kernel are left out.
std::vector<Pid> UnlistedProcesses(const Roots& roots, const CollectOptions& options,
                                   const TaskRecords& records);

// Makes the processes of a look of the kernel's records, which tell at each look all that Rescan
// reads of status, stat, namespaces, limits and oom_score_adj.
//
// What they do not tell is read through /proc, once: executable, standard descriptors and
// invocation while the process runs the same image of the same file; the text of its cgroup file
// while it stays in the same css_set; an AppArmor label while it has the same credentials; the
// mount table and maps of namespaces as by Rescan. A process that goes on to another program while
// it is read, and one whose leader has ended, are read through /proc whole.
//
// Told late, in its turn of the rotation at the latest: standard descriptors, a v1 cgroup that is
// renamed, a css_set that another one of the same v2 cgroup follows at the same place in memory,
// credentials that others follow there, and what another policy makes of a label.
class RecordScan {
 public:
  // `look` has begun. `shape`: a status that this kernel printed.
  RecordScan(const Roots& roots, const CollectOptions& options, Look& look, Recall& recall,
             const ProcStatus& shape);

  // `unlisted`: processes to be read through /proc where they have no record; ascending.
  void Read(const TaskRecords& records, std::span<const Pid> unlisted);

  const RescanCounts& counts() const { return counts_; }
  // What the next look has to know, but for the records.
  Memory TakeKnown() { return std::move(known_); }

 private:
  void ReadLeader(const TaskRecord& record, std::uint32_t threads_left);
  void ReadThroughProc(Pid pid);
  void ReadThreads(std::vector<TaskRecord> records);
  void ReadThread(const TaskRecord& record);
  // All but label and cgroup.
  Task TaskOf(const TaskRecord& record, ProcessDirectory& directory);
  // The former look's process, where it is this one and nothing of it has to be read again.
  const Process* Find(const TaskRecord& record);
  // Whether what was read in this directory is of the process and program of the record.
  bool IsStill(const TaskRecord& record, ProcessDirectory& directory);
  // Whether the label that it had at the last look, if any, is its label now.
  bool HasLabelStill(const TaskRecord& record, const Fact<LabelIndex>& then) const;
  // `stayed`: it was in the same css_set at the last look.
  Fact<MembershipIndex> CgroupOf(const TaskRecord& record, bool stayed,
                                 ProcessDirectory& directory);
  Fact<MembershipIndex> ReadCgroup(std::uint64_t place, ProcessDirectory& directory);
  void Note(std::uint64_t place, std::string_view text);
  void Remember(const TaskRecord& record);

  const Roots& roots_;
  const CollectOptions& options_;
  Snapshot& snapshot_;
  Memberships& memberships_;
  ProcessReader& reader_;
  ReadBuffer& buffer_;
  Recall& recall_;
  const Memory& last_;
  const ProcStatus& shape_;
  std::size_t cursor_ = 0;  // Into the last look's processes.
  Memory known_;
  std::unordered_map<std::uint64_t, MembershipIndex> memberships_of_;  // By place, of this look.
  RescanCounts counts_;
};

}  // namespace hullmark
