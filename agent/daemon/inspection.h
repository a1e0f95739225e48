// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/file.h"
#include "agent/base/keyed_hash.h"
#include "agent/daemon/agent.h"
#include "agent/daemon/enforcement.h"
#include "agent/daemon/event_memory.h"
#include "agent/daemon/hook_desk.h"
#include "agent/daemon/hook_router.h"
#include "agent/daemon/loop.h"
#include "agent/daemon/program_memory.h"
#include "agent/daemon/recent_events.h"
#include "agent/daemon/standard.h"
#include "agent/daemon/watcher.h"
#include "agent/evaluate/evaluator.h"
#include "agent/gateway/documents.h"
#include "agent/gateway/requests.h"
#include "agent/sinks/metrics/exposition.h"
#include "agent/sinks/metrics/self_metrics.h"
#include "hullmark/event.h"
#include "hullmark/ids.h"
#include "hullmark/report.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark {

// The inspector's work: look, judge, tell what changed, lay out what is served. Keeps between scans
// what is counted and remembered. One thread at a time.
class Inspection {
 public:
  struct Parts {
    std::function<Result<Snapshot>(const Standard&)> look;
    std::function<Timestamp()> now;
    std::string version{}, command{};  // For reports.
    Watcher* watcher = nullptr;        // Judges what comes between two looks; may be null.
    HookDesk* hooks = nullptr;         // Tells hooks what changed; may be null.
    // How to act upon what is found; asked for only where the policy is not off. None: nothing
    // does.
    std::function<Result<std::unique_ptr<Enforcement>>(const Standard&)> enforce{};
    // Takes the events of a scan, also where there were none. Empty: they go to the log.
    std::function<void(const std::vector<Event>&)> tell{};
  };

  Inspection(Parts parts, Standard standard, EventMemory memory);
  Inspection(const Inspection&) = delete;  // The evaluator refers to the standard.
  Inspection& operator=(const Inspection&) = delete;
  ~Inspection();

  // A reload that worked, and one that did not: then everything stays as it was.
  void Replace(Standard standard);
  void KeepAfterBadReload();

  LoopTiming timing() const;

  // What is thrown on the way is a failure of the scan.
  Scanned Scan(const ScanOrder& order);

  // Writes down what the scan changed, then tells the log. May run beside the calls that begin
  // between two scans.
  void Settle();

  // What has become due of actions that were taken; from the loop's thread. True: a look is wanted.
  bool Tend();

  // Before the agent ends, from the loop's thread, while a scan may be running: see Enforcement.
  bool StopActing();
  void TakeBackIfIdle();

  // Takes back what is in force, and writes down what is remembered: before the agent ends.
  void Close();

 private:
  void Learn(Snapshot& snapshot, std::uint64_t looked_at);
  Scanned TryScan(const ScanOrder& order, std::chrono::steady_clock::time_point began);
  Result<Fd> Judge(const Snapshot& snapshot, const ScanOrder& order,
                   std::chrono::steady_clock::time_point began);
  Publication WithEvents(Publication publication) const;
  void TellOfSource(const Vantage& vantage);
  void StoreForHooks();
  void CountEvents();
  void CountWatch();
  void CountHooks();
  void CountState(const AgentState& state);
  void OpenEnforcement();
  void Enforce(const Snapshot& snapshot, const Report& report, Timestamp at);
  React Reaction();
  void TellActions(const std::vector<TakenAction>& taken, Timestamp at);
  void CountActions();
  // Whether it works otherwise than it did.
  bool WriteTextfile(std::string_view metrics);

  Parts parts_;
  Standard standard_;
  HashKey key_;  // Of the facts that were judged.
  std::unique_ptr<Evaluator> evaluator_;
  EventMemory memory_;
  ProgramMemory programs_;
  std::unique_ptr<Enforcement> enforcement_{};  // While the policy is not off, and it works.
  EnforcementState::Counts acted_{};            // As counted by now.
  std::vector<TakenAction> late_{};             // Of one that is gone, for the next scan.
  std::int64_t looked_at_ms_ = 0;               // Of the newest look: since boot.
  std::vector<Event> events_{};                 // Of the newest scan, until they are told.
  HookRouter router_;
  std::vector<std::vector<std::string>> routed_{};    // Names of hooks, by event of events_.
  std::map<std::string, HookState> hooks_counted_{};  // As counted by now.
  std::uint64_t life_, inherited_event_;              // See Publication.
  RecentEvents recent_;
  SelfMetrics self_;
  Exposition exposition_;
  RequestCounts requests_{};  // As counted by now.
  WatchCounts watched_;       // As counted by now.
  std::uint64_t overruns_ = 0, restarts_ = 0, lost_ = 0;
  bool textfile_complained_ = false;
  std::optional<bool> textfile_works_{};  // nullopt: none is wanted.
};

}  // namespace hullmark
