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
#include "agent/collect/interner.h"
#include "agent/collect/membership.h"
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

// What one attempt made of a process.
struct ProcessDraft {
  Process process;
  std::vector<Thread> threads;
  std::uint32_t threads_read = 0;  // Those that say nothing new included.
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

 private:
  enum class Attempt : std::uint8_t { kDone, kGone, kChanged };
  // What is left of a process whose leader has ended.
  enum class Remains : std::uint8_t { kThreads, kNothing, kUnknown };

  // The directory where a process' lookups start: a table shows what is below it and no more.
  struct ProcessRoot {
    DeviceNumber device;
    std::uint64_t inode = 0;
    std::uint32_t mount_id = 0;  // 0: the kernel does not tell, before 5.8.

    friend bool operator==(const ProcessRoot&, const ProcessRoot&) = default;
  };
  struct MountTableState {
    std::size_t row = 0;
    std::optional<ProcessRoot> root{};  // Of the process whose table is kept.
    bool split = false;                 // Some process sees mounts that the table lacks.
    std::uint8_t useless = 0;           // Tables that were read and told nothing more.
  };

  Attempt ReadOnce(const std::string& name, ProcessDraft& draft);
  Attempt ReadOrphans(int directory, const ParsedStat& before, ProcessDraft& draft);
  Attempt Finish(int directory, const ParsedStat& before, const ProcessDraft& draft);
  void ReadFiles(int directory, const ParsedStat& before, ProcessDraft& draft);
  Task ReadTask(int directory);
  Fact<ProcStatus> ReadStatus(int directory);
  Namespaces ReadNamespaces(int directory);
  Fact<LabelIndex> ReadLabel(int directory);
  Fact<ExecutableIndex> ReadExecutable(int directory);
  Fact<MembershipIndex> ReadCgroup(int directory);
  Fact<RlimitsIndex> ReadRlimits(int directory);
  Fact<std::int16_t> ReadOomScoreAdj(int directory);
  Fact<StdioIndex> ReadStdio(int directory);
  Fact<InvocationIndex> ReadInvocation(int directory, const Process& process);
  void ReadThreads(int directory, ProcessDraft& draft, std::uint32_t thread_count);
  // Keeps the thread where it differs from the leader.
  void ReadThread(int process_directory, const std::string& name, ProcessDraft& draft);
  Remains AdoptLiveThread(int directory, std::uint32_t thread_count, ProcessDraft& draft);
  void ReadSharedTables(int directory, const Namespaces& namespaces);
  void ReadMounts(int directory, NamespaceInode inode);
  Fact<ParsedMounts> ReadMountTable(int directory);
  // Whether the process is in this namespace now.
  bool IsIn(int directory, NamespaceKind kind, NamespaceInode inode);
  void Merge(ParsedMounts table, const std::optional<ProcessRoot>& root, MountTableState& state,
             MountNamespace& row);
  std::optional<ProcessRoot> ReadRoot(int directory);
  // Whether a process with the root `root` sees no more than the table of `row`.
  static bool IsBelow(const ProcessRoot& root, const MountNamespace& row);
  void ReadIdMaps(int directory, NamespaceInode inode);
  void Keep(ProcessDraft draft);

  const Roots& roots_;
  const CollectOptions& options_;
  Snapshot& snapshot_;
  Memberships& memberships_;
  ReadBuffer& buffer_;
  LabelSource label_source_;
  std::vector<Zombie> zombies_;

  TextInterner<GroupListIndex> groups_;
  TextInterner<RlimitsIndex> rlimits_;
  TextInterner<LabelIndex> labels_;
  TextInterner<ExecutableIndex> executables_;
  TextInterner<StdioIndex> stdios_;
  TextInterner<InvocationIndex> invocations_;
  std::unordered_map<std::uint32_t, MountTableState> mount_tables_;  // By namespace inode.
  std::unordered_map<std::uint32_t, std::size_t> user_tables_;
};

}  // namespace hullmark
