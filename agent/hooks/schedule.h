// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "agent/hooks/delivery.h"

namespace hullmark {

// How long to wait after so many failures in a row (1: the first): from 1 s, doubled, to 5 min;
// `random` (0 to 1) takes up to half of it away, so that agents do not come together.
std::chrono::milliseconds RetryDelay(int failures, double random);

// Which letter of one hook is to be tried when: one at a time, those of a lane in their order.
// A receiver that cannot be reached pauses the whole hook; one that answers, but not well, makes
// the letter's lane wait, and the hook for ten seconds at most: one letter that it cannot stand
// does not keep the others.
class Schedule {
 public:
  using Moment = std::chrono::steady_clock::time_point;

  // A letter that is answered, but never well, is given up after so long.
  static constexpr std::chrono::hours kGiveUpAfter{24};

  explicit Schedule(std::function<double()> random) : random_(std::move(random)) {}

  // Numbers ascend.
  void Add(std::uint64_t number, std::uint64_t lane);
  // It is there no more, whatever became of it.
  void Remove(std::uint64_t number);

  // Whoever is told is somebody else from here on: nothing waits for what the former one did.
  void BeginAnew();

  // The letter to try now; it counts as under way until Settle(). nullopt: none is due, or one is
  // under way.
  std::optional<std::uint64_t> Take(Moment now);

  // What an attempt means for the letter that is under way.
  enum class Fate : std::uint8_t { kKept, kDelivered, kRejected, kGivenUp };
  Fate Settle(const AttemptEnd& outcome, Moment now);

  std::optional<std::uint64_t> under_way() const { return under_way_; }
  // When Take() is worth a call; nullopt: when something happens.
  std::optional<Moment> WakeAt() const;
  // Attempts in a row that did not deliver.
  int failures() const { return failures_; }

 private:
  struct Lane {
    std::deque<std::uint64_t> letters{};
    std::optional<Moment> until{};  // It waits.
    std::optional<Moment> since{};  // Its first letter has been answered, but not well.
    int failures = 0;
  };

  void Wake(Moment now);
  void Hold(std::uint64_t lane, Moment until);
  Fate Refused(std::uint64_t lane, const AttemptEnd& outcome, Moment now);

  std::function<double()> random_;
  std::map<std::uint64_t, Lane> lanes_;
  std::map<std::uint64_t, std::uint64_t> lane_of_;      // By letter.
  std::set<std::uint64_t> ready_;                       // First letters of lanes that do not wait.
  std::set<std::pair<Moment, std::uint64_t>> waiting_;  // Lanes.
  std::optional<std::uint64_t> under_way_;
  Moment paused_until_{};
  int failures_ = 0;
};

}  // namespace hullmark
