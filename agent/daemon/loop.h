// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <utility>

#include "agent/daemon/clock.h"

namespace hullmark {

enum class ScanReason : std::uint8_t { kInterval, kAsked, kCgroups, kEvents, kNames, kReload };
std::string_view NameOf(ScanReason reason);

struct LoopTiming {
  std::chrono::milliseconds interval{15'000};
  std::chrono::milliseconds budget{5'000};  // A scan that takes longer is counted.
};

struct LoopCounts {
  std::uint64_t missed = 0;       // Scans that were due while another one was still running.
  std::uint64_t over_budget = 0;  // Scans that took, or take, longer than the budget.
};

// What the loop does; all of it on its own thread, and none of it waits.
struct LoopActions {
  // Begins a scan; its end is told by the clock.
  std::function<void(ScanReason)> begin_scan;
  // The scan that was begun has ended.
  std::function<void()> end_scan;
  // Takes the configuration anew, or keeps the old one. Never called during a scan. Returns the
  // timing that holds from now on.
  std::function<LoopTiming()> reload;
  // What else has to be looked after, about once a second and after every wake.
  std::function<void(Moment now)> upkeep;
  // Whether something was left untold until its name is known; asked when a scan has ended. May be
  // empty.
  std::function<bool()> awaits_names{};
  // Whether there is no sense in going on; asked when a scan has ended. May be empty.
  std::function<bool()> give_up{};
};

// When to scan: every interval, when asked, soon after a cgroup was born or died or a process did
// what asks for it, and a little later where a container was without a name. One scan never begins
// before the one before it has ended; what is asked for meanwhile happens once, afterwards.
class Loop {
 public:
  Loop(Clock& clock, const LoopTiming& timing, LoopActions actions)
      : clock_(clock), timing_(timing), actions_(std::move(actions)) {}

  // Scans at once, then until the clock says stop or the actions give up; a scan may still be
  // running then.
  void Run();

  // From an action: a scan at `when`, unless one comes sooner.
  void WantScan(Moment when) { ScanAt(when, ScanReason::kAsked); }

  LoopCounts counts() const { return counts_; }
  bool scanning() const { return began_.has_value(); }
  // How long the scan that is running has taken; 0 if none is.
  std::chrono::nanoseconds ScanningFor(Moment now) const;

 private:
  bool Take(const Wakes& wakes);
  void ScanAt(Moment when, ScanReason reason);
  void BeginIfDue();
  void CountBudget();
  Moment Deadline();
  // When the next scan may begin that nobody asked for; `settle`: not before so long from now.
  Moment Soon(std::chrono::milliseconds settle);

  Clock& clock_;
  LoopTiming timing_;
  LoopActions actions_;
  LoopCounts counts_;
  Moment due_{};
  ScanReason reason_ = ScanReason::kInterval;
  std::optional<Moment> began_;  // Of the scan that is running.
  bool budget_counted_ = false;
  bool reload_wanted_ = false, cgroups_changed_ = false, events_came_ = false;
  Moment ended_{};                       // Of the last scan.
  std::chrono::nanoseconds duration_{};  // Of the last scan.
};

}  // namespace hullmark
