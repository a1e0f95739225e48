// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "agent/base/keyed_hash.h"
#include "agent/bpf/task_event.h"
#include "agent/collect/event_facts.h"
#include "agent/evaluate/process_judge.h"
#include "agent/runtime/container_finder.h"
#include "hullmark/benchmark.h"
#include "hullmark/facts.h"
#include "hullmark/ids.h"
#include "hullmark/report.h"
#include "hullmark/snapshot.h"

namespace hullmark {

// A look and what it came to: what the processes are judged by that come before the next one.
class WatchPicture {
 public:
  // `report` is of this Snapshot; nothing of it is kept. The benchmark outlives this.
  WatchPicture(Snapshot snapshot, const Benchmark& benchmark, const Report& report);

  const Snapshot& snapshot() const { return snapshot_; }
  const Benchmark& benchmark() const { return benchmark_; }
  const ContainerFinder& finder() const { return finder_; }
  std::vector<ProcessFail> Judge(std::uint32_t container, const SeenExec& seen);
  void Know(std::uint32_t container, const std::vector<ProcessFail>& fails) {
    judge_.Know(container, fails);
  }

 private:
  Snapshot snapshot_;  // Its tables grow by what new processes have.
  const Benchmark& benchmark_;
  ContainerFinder finder_;
  ProcessJudge judge_;
};

// What came of an event.
struct EventVerdict {
  std::optional<std::uint32_t> container{};  // Into WatchPicture::snapshot(), of an exec.
  bool joined = false;                       // As Member.
  bool judged = false;                       // By the controls, now or when one like it came.
  bool unplaced = false;                     // In namespaces that the picture does not know.
  bool left_out = false;                     // It will not be told to the next look.
  std::vector<ProcessFail> fails{};          // Of this one, or of one like it that came before.
  bool has_news = false;                     // Among them.
};

// Remembers who executed what since the last look, one of each kind, and who descends from whom.
// Events of one thread.
class ExecLedger {
 public:
  static constexpr std::size_t kMostKinds = 4'096;      // Kept until the next look.
  static constexpr std::size_t kMostLineages = 65'536;  // Processes of containers.

  // Takes the picture that holds from now on; null: none, and nothing is judged.
  void Show(WatchPicture* picture);
  EventVerdict Take(const TaskEvent& event);
  // Events were lost: who descends from whom is not known any more.
  void Forget() { lineages_.clear(); }

  // What a process fails by another record of it, if it is of that container still and has the
  // namespaces of its init: who has others may be another container, which a look would tell.
  // Nothing is remembered of it.
  std::vector<ProcessFail> JudgeAgain(const TaskEvent& event, const ContainerIdentity& container);

  // What was seen since it was asked last and is over, or began before `looked_at` (nanoseconds
  // since boot): then the look that began there has met it, if it lives. The rest waits.
  std::vector<SeenExec> TakeSeen(std::uint64_t looked_at);

  // The host's namespaces as the picture has them, by NamespaceKind; 0: not known.
  const std::array<std::uint32_t, kRecordNamespaces>& host() const { return host_; }

 private:
  struct Lineage {
    ContainerIdentity container{};
    bool joined = false;
  };

  EventVerdict TakeExec(const TaskEvent& event);
  bool SharesWithInit(const TaskEvent& event, std::uint32_t container) const;
  bool IsJoined(const TaskEvent& event, const ContainerIdentity& container) const;
  void TakeExit(const TaskEvent& event);
  std::optional<std::uint32_t> FindContainer(const TaskEvent& event) const;
  const Lineage* LineageOf(int pid) const;
  void Know(int pid, Lineage lineage);
  void Supersede(int pid);
  void Remember(std::uint64_t kind, std::vector<ProcessFail> fails);
  std::uint64_t KindOf(const SeenExec& seen) const;

  HashKey key_ = RandomKey();
  WatchPicture* picture_ = nullptr;
  std::vector<ContainerIdentity> identities_;           // By container of the picture.
  std::unordered_map<std::string, std::uint32_t> ids_;  // The same, the other way round.
  std::unordered_map<int, std::uint32_t> inits_;        // By pid.
  std::unordered_set<std::uint32_t> ended_;  // Containers whose init is gone: their namespaces are
                                             // anybody's.
  std::array<std::uint32_t, kRecordNamespaces> host_{};  // By NamespaceKind; 0: not known.
  std::unordered_map<int, Lineage> lineages_;            // By pid.
  std::unordered_map<std::uint64_t, std::size_t> kinds_;
  std::unordered_map<std::uint64_t, std::vector<ProcessFail>> fails_;  // By kind: of those that do.
  std::vector<SeenExec> seen_;
  std::unordered_map<int, std::vector<std::size_t>> running_;  // By pid: those not over, in seen_.
};

}  // namespace hullmark
