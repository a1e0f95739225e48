// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "agent/base/file.h"
#include "agent/collect/collect.h"
#include "agent/collect/fact_tables.h"
#include "agent/collect/interner.h"
#include "agent/collect/membership.h"
#include "agent/collect/mount_table.h"
#include "agent/collect/open_process.h"
#include "agent/collect/recall.h"
#include "agent/parse/mountinfo.h"
#include "agent/parse/proc_stat.h"
#include "hullmark/facts.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark {

// A zombie keeps a place in its container's count by its parent.
struct Zombie {
  std::int32_t parent = 0;
};

// Where security labels are read. Told once per scan: no process has one where nobody serves them.
struct LabelSource {
  const char* path = nullptr;  // Below /proc/PID; null: no security module labels processes.
  Label::Module module = Label::Module::kOther;
  Fault absent{};  // Why not, where `path` is null.
};
LabelSource FindLabelSource(const Roots& roots, ReadBuffer& buffer);

// The stat file below the directory of a process or thread.
Fact<ParsedStat> ReadStat(ReadBuffer& buffer, int directory);
// Whether this state is a zombie's.
bool IsDead(char state);
Pid ToPid(std::string_view name);

// What one attempt made of a process.
struct ProcessDraft {
  Process process;
  std::vector<Thread> threads;
  std::uint32_t threads_read = 0;  // Those that say nothing new included.
  std::uint64_t image = 0;         // As ParsedStat::image.
  bool certain = true;             // It is its leader's, and it had one program while it was read.
};

// Leaves in `last` what an exec during both of two attempts leaves certain: namespaces and cgroup
// outlive it; of the rest what both attempts read alike, the others are kVanished. Threads that are
// not in both count as unread.
void KeepAgreed(const ProcessDraft& former, ProcessDraft& last);

// Reads processes into a Snapshot, one after the other. What several processes share is read
// through the first of them and kept in the Snapshot's tables.
class ProcessReader {
 public:
  ProcessReader(const Roots& roots, const CollectOptions& options, Snapshot& snapshot,
                Memberships& memberships, ReadBuffer& buffer);

  // Reads the process `name` (its number as text). One that is gone is counted as vanished. One
  // that lives is kept, however often it changes its program meanwhile: with faults where it
  // cannot be told what was true together.
  void Read(const std::string& name);

  const std::vector<Zombie>& zombies() const { return zombies_; }

  // What a scan does without Read.

  // What shared tables take over from the last look; outlives the reader. To be called first.
  void TakeOver(Recall& recall) { recall_ = &recall; }
  FactTables& tables() { return tables_; }
  Task ReadTask(int directory);
  Fact<MembershipIndex> ReadCgroup(int directory);
  Fact<ProcStatus> ReadStatus(int directory);
  bool has_labels() const { return label_source_.path != nullptr; }
  Fact<LabelIndex> ReadLabel(ProcessDirectory& directory);
  // Reads executable, standard descriptors and invocation.
  void ReadProgram(int directory, Process& process);
  // Reads what the process shares with others and nobody has read yet. `then`: its namespaces at
  // the last look, null where it was not there.
  void ReadSharedTables(ProcessDirectory& directory, const Process& process,
                        const Namespaces* then);
  // Keeps the maps of a user namespace where nobody knew better.
  void TakeIdMaps(NamespaceInode inode, IdMap uids, IdMap gids);
  void CountZombie(std::int32_t parent);
  void Keep(ProcessDraft draft);
  // Of the process that was kept last: `image` and `certain` of its draft.
  std::uint64_t last_image() const { return last_image_; }
  bool last_certain() const { return last_certain_; }
  const std::unordered_map<std::uint32_t, MountTableState>& mount_tables() const {
    return mount_tables_;
  }

 private:
  enum class Attempt : std::uint8_t { kDone, kGone, kChanged };
  // What is left of a process whose leader has ended.
  enum class Remains : std::uint8_t { kThreads, kNothing, kUnknown };

  Attempt ReadOnce(const std::string& name, ProcessDraft& draft);
  Attempt ReadOrphans(int directory, const ParsedStat& before, ProcessDraft& draft);
  Attempt Finish(int directory, const ParsedStat& before, const ProcessDraft& draft);
  void ReadFiles(int directory, const ParsedStat& before, ProcessDraft& draft);
  Namespaces ReadNamespaces(int directory);
  Fact<ExecutableIndex> ReadExecutable(int directory);
  Fact<RlimitsIndex> ReadRlimits(int directory);
  Fact<std::int16_t> ReadOomScoreAdj(int directory);
  Fact<StdioIndex> ReadStdio(int directory);
  Fact<InvocationIndex> ReadInvocation(int directory, const Process& process);
  void ReadThreads(int directory, ProcessDraft& draft, std::uint32_t thread_count);
  // Keeps the thread where it differs from the leader.
  void ReadThread(int process_directory, const std::string& name, ProcessDraft& draft);
  Remains AdoptLiveThread(int directory, std::uint32_t thread_count, ProcessDraft& draft);
  void ReadMounts(ProcessDirectory& directory, Pid pid, NamespaceInode inode, bool was_in);
  // Reads the table of a process with the root `root`. False: it was not to be had.
  bool AddMounts(int directory, const std::optional<ProcessRoot>& root, MountTableState& state,
                 MountNamespace& row);
  Fact<ParsedMounts> ReadMountTable(int directory);
  // Whether the process is in this namespace now.
  bool IsIn(int directory, NamespaceKind kind, NamespaceInode inode);
  void Merge(ParsedMounts table, const std::optional<ProcessRoot>& root, MountTableState& state,
             MountNamespace& row);
  std::optional<ProcessRoot> ReadRoot(int directory);
  // Whether a process with the root `root` sees no more than the table of `row`.
  static bool IsBelow(const ProcessRoot& root, const MountNamespace& row);
  UserNamespace& UserRow(NamespaceInode inode, bool was_in);
  void ReadIdMaps(ProcessDirectory& directory, NamespaceInode inode, bool was_in);

  const Roots& roots_;
  const CollectOptions& options_;
  Snapshot& snapshot_;
  Memberships& memberships_;
  ReadBuffer& buffer_;
  LabelSource label_source_;
  std::vector<Zombie> zombies_;
  FactTables tables_;
  Recall* recall_ = nullptr;
  std::uint64_t last_image_ = 0;
  bool last_certain_ = false;

  TextInterner<GroupListIndex> groups_;
  TextInterner<RlimitsIndex> rlimits_;
  TextInterner<LabelIndex> labels_;
  TextInterner<ExecutableIndex> executables_;
  TextInterner<InvocationIndex> invocations_;
  std::unordered_map<std::uint32_t, MountTableState> mount_tables_;  // By namespace inode.
  std::unordered_map<std::uint32_t, std::size_t> user_tables_;
};

}  // namespace hullmark
