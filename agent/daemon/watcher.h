// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "agent/base/file.h"
#include "agent/bpf/task_event.h"
#include "agent/collect/event_facts.h"
#include "agent/daemon/exec_ledger.h"
#include "agent/enforce/reflex.h"
#include "agent/sinks/metrics/self_metrics.h"
#include "hullmark/live.h"

namespace hullmark {

// What a feed could not hand over, since it began.
struct FeedCounts {
  std::uint64_t lost = 0;    // Turns of which nothing is known.
  std::uint64_t missed = 0;  // Execs of which nothing but the process' number is.
  std::uint64_t rights = 0;  // Changes of ids without an exec.

  friend bool operator==(const FeedCounts&, const FeedCounts&) = default;
};

// Where events come from.
struct EventFeed {
  int fd = -1;  // For poll(2): there is something worth a look.
  // Hands over what has happened, in its order, at most so much; returns how much it was.
  std::function<std::size_t(std::size_t most, const std::function<void(const TaskEvent&)>&)> drain;
  std::function<FeedCounts()> counts;
  // Takes the host's namespaces, by NamespaceKind; 0: not known. May be empty.
  std::function<void(const std::array<std::uint32_t, kRecordNamespaces>&)> set_host;
};

// How long verdicts took, from the kernel's time stamp on.
struct LatencyCounts {
  // By kDetectionBounds; what took longer is in the last count.
  std::array<std::uint64_t, kDetectionBounds.size() + 1> counts{};
  double sum = 0;  // Seconds.

  void Add(double seconds);
};

struct WatchCounts {
  std::array<std::uint64_t, kTaskTurns> events{};  // By turn.
  FeedCounts feed;
  std::uint64_t left_out = 0;  // Execs of which no look will tell.
  std::uint64_t unplaced = 0;  // Execs in namespaces that no look had met yet.
  LatencyCounts latency;
};

// What a process of an Offence fails by another record of it; nothing where it is not of the same
// container.
using JudgeAgain = std::function<std::vector<LiveViolation>(const TaskEvent&)>;
// What is done about a process that was seen to fail, see Enforcement::React. False: a look is to
// see to it.
using React = std::function<bool(const Offence&, const JudgeAgain&)>;

// Judges processes of containers as they execute, on a thread of its own, by what the last look
// knows of their container. What it finds becomes state with the next look, which it asks for.
class Watcher {
 public:
  // What `tell` is called for.
  enum class Tells : std::uint8_t { kViolations, kEveryExec };

  // `tell` is called on the watcher's thread, or on that of who calls TakeSeen(); it may wait.
  Watcher(EventFeed feed, std::function<void(const LiveExec&)> tell, Tells tells);
  Watcher(const Watcher&) = delete;
  Watcher& operator=(const Watcher&) = delete;
  ~Watcher();

  // For who looks. What has been seen since it was asked last: a look that has just ended lacks
  // those that live no more.
  // `looked_at`: when the look began, in nanoseconds since boot.
  std::vector<SeenExec> TakeSeen(std::uint64_t looked_at);
  // What holds from now on; null: none. The former one is let go of before this returns, and so is
  // the former `react`, which is called on the watcher's thread for each exec that fails anything.
  void Show(std::unique_ptr<WatchPicture> picture, React react = {});

  int fd() const { return wanted_.get(); }  // Readable when a look is wanted, an eventfd(2).
  // Whether one was wanted since it was asked last.
  bool TakeWanted();

  // From any thread: something else was seen that asks for a look.
  void WantLook();

  // Execs of which no look can tell any more.
  void CountLeftOut(std::size_t count);

  WatchCounts counts() const;

 private:
  void Run();
  // Takes what is in the ring, at most so much, and tells; whether there may be more.
  bool Drain(std::size_t most);
  void Take(const TaskEvent& event);
  LiveExec Describe(const TaskEvent& event, const EventVerdict& verdict) const;
  std::vector<LiveViolation> InWords(const std::vector<ProcessFail>& fails, bool news_only) const;
  void Offend(const TaskEvent& event, const EventVerdict& verdict);
  bool ReactToSome();  // Whether there are more.

  EventFeed feed_;
  std::function<void(const LiveExec&)> tell_;
  Tells tells_;
  Fd wanted_, stop_;
  std::atomic<int> waiting_ = 0;  // Those who look; the thread lets them go first.
  mutable std::mutex mutex_;      // Of all that follows.
  std::unique_ptr<WatchPicture> picture_;
  ExecLedger ledger_;
  WatchCounts counts_;
  std::vector<LiveExec> to_tell_;
  React react_;
  std::deque<Offence> offences_;  // That wait for a reaction.
  std::thread thread_;            // The last member: it ends before what it uses.
};

}  // namespace hullmark
