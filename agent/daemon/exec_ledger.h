// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

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
  WatchPicture(const WatchPicture&) = delete;  // The finder refers to the Snapshot.
  WatchPicture& operator=(const WatchPicture&) = delete;

  const Snapshot& snapshot() const { return snapshot_; }
  const Benchmark& benchmark() const { return benchmark_; }
  std::optional<std::uint32_t> Find(const TaskEvent& event) const;
  std::vector<ProcessNews> Judge(std::uint32_t container, const SeenExec& seen);

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
  std::vector<ProcessNews> news{};
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
  // The host's namespaces as the picture has them, by NamespaceKind; 0: not known.
  const std::array<std::uint32_t, kRecordNamespaces>& host() const { return host_; }

  // What was seen since it was asked last.
  std::vector<SeenExec> TakeSeen();
  // Execs that were neither judged nor kept: there were too many kinds.
  std::uint64_t left_out() const { return left_out_; }

 private:
  struct Lineage {
    std::uint32_t container = 0;
    bool joined = false;
  };

  EventVerdict TakeExec(const TaskEvent& event);
  void Inherit(const TaskEvent& event);
  void Know(int pid, Lineage lineage);
  bool IsKnownKind(const TaskEvent& event, bool joined);

  WatchPicture* picture_ = nullptr;
  std::array<std::uint32_t, kRecordNamespaces> host_{};  // By NamespaceKind; 0: not known.
  std::unordered_map<int, Lineage> lineages_;            // By pid.
  std::unordered_map<std::uint64_t, std::size_t> kinds_;
  std::vector<SeenExec> seen_;
  std::uint64_t left_out_ = 0;
};

}  // namespace hullmark
