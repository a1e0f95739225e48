// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "agent/base/file.h"
#include "agent/collect/collect.h"
#include "agent/collect/membership.h"
#include "agent/collect/memory.h"
#include "agent/collect/process_reader.h"
#include "agent/collect/recall.h"
#include "agent/parse/schedstat.h"
#include "hullmark/ids.h"
#include "hullmark/snapshot.h"

namespace hullmark {

// How the processes of a look came to their records.
struct RescanCounts {
  std::size_t still = 0;  // Have not run since the last look.
  std::size_t again = 0;  // Have run, and are the same program.
  std::size_t whole = 0;  // New, changed, or their turn: read as by a look of its own.
};

// Reads the processes of a look that has a last one.
//
// A process is the last look's while /proc/PID has the same inode. Where none of its threads has
// run since (schedstat), nothing can have changed that only it can change: credentials, seccomp,
// namespaces, program, standard descriptors. Read is what others decide: its cgroup, and its parent
// where that one is gone. Where it has run, status, namespaces, label, cgroup and stat are read
// again; the same program image means that no exec came between. Taken over are executable, limits,
// oom_score_adj, standard descriptors and invocation.
//
// So what is told late, in its turn of the rotation at the latest, is: resource limits and
// oom_score_adj that are written by others (prlimit(2)); of one that has not run also a label that
// a new policy gives it, and a terminal that is taken from it; of one that has run its standard
// descriptors, an executable that is replaced (PR_SET_MM), and chroot(2); of one with several
// threads the cgroup that a thread alone is moved to.
class Rescan {
 public:
  Rescan(const Roots& roots, const CollectOptions& options, Snapshot& snapshot,
         const Memberships& memberships, ProcessReader& reader, ReadBuffer& buffer, Recall& recall)
      : roots_(roots),
        options_(options),
        snapshot_(snapshot),
        memberships_(memberships),
        reader_(reader),
        buffer_(buffer),
        recall_(recall),
        last_(recall.memory()) {}

  // Reads the process of this entry of /proc. To be called in ascending order of pids.
  void Read(const DirectoryEntry& entry);
  // To be called when all are read.
  void Finish();

  const RescanCounts& counts() const { return counts_; }
  // What the next look has to know, but for the records.
  Memory TakeKnown();

 private:
  // A process that is being read again.
  struct Again {
    int directory;
    ProcessIndex last;
    Task leader;  // As it was; its cgroup apart.
    ProcessDraft draft;
    std::vector<KnownThread> threads;
    bool still = false;  // The leader has not run.
    bool same_leader = false, thread_ran = false;
  };

  std::optional<ProcessIndex> Find(const DirectoryEntry& entry);
  bool ReadAgain(const DirectoryEntry& entry, ProcessIndex last);
  bool ReadLeader(Again& again);
  bool ReadThreads(Again& again);
  bool ReadThread(const std::string& name, const KnownThread& known, Again& again);
  void ReadWhole(const DirectoryEntry& entry);
  std::vector<KnownThread> CountThreads(int directory, Pid leader);
  RunCount CountRuns(int directory, const char* path);
  void Remember(KnownProcess known, std::vector<KnownThread> threads);
  bool ParentLives(std::int32_t parent);

  const Roots& roots_;
  const CollectOptions& options_;
  Snapshot& snapshot_;
  const Memberships& memberships_;
  ProcessReader& reader_;
  ReadBuffer& buffer_;
  Recall& recall_;
  const Memory& last_;
  std::size_t cursor_ = 0;  // Into the last look's processes.
  Memory known_;
  std::vector<ProcessIndex> still_;
  std::unordered_map<std::int32_t, bool> parents_;  // Whether they live still.
  RescanCounts counts_;
};

}  // namespace hullmark
