// SPDX-License-Identifier: Apache-2.0
#include "agent/hooks/schedule.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>

#include "agent/hooks/delivery.h"

namespace hullmark {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kFirst{1'000}, kLongest{300'000};
constexpr milliseconds kLongestPause{10'000};  // Of a hook whose receiver answers.

}  // namespace

milliseconds RetryDelay(int failures, double random) {
  constexpr int kMostDoublings = 16;
  const int doublings = std::clamp(failures - 1, 0, kMostDoublings);
  const milliseconds whole = std::min(kFirst * (1L << doublings), kLongest);
  return whole - milliseconds(static_cast<std::int64_t>(static_cast<double>(whole.count()) / 2 *
                                                        std::clamp(random, 0.0, 1.0)));
}

void Schedule::Add(std::uint64_t number, std::uint64_t lane) {
  Lane& line = lanes_[lane];
  line.letters.push_back(number);
  lane_of_.emplace(number, lane);
  if (line.letters.size() == 1 && !line.until) ready_.insert(number);
}

void Schedule::Remove(std::uint64_t number) {
  const auto found = lane_of_.find(number);
  if (found == lane_of_.end()) return;
  const std::uint64_t lane = found->second;
  lane_of_.erase(found);
  if (under_way_ == number) under_way_.reset();
  Lane& line = lanes_[lane];
  const bool first = line.letters.front() == number;
  std::erase(line.letters, number);
  if (!first) return;
  // The next one begins anew.
  ready_.erase(number);
  if (line.until) waiting_.erase({*line.until, lane});
  line.until.reset();
  line.since.reset();
  line.failures = 0;
  if (line.letters.empty()) {
    lanes_.erase(lane);
  } else {
    ready_.insert(line.letters.front());
  }
}

void Schedule::Wake(Moment now) {
  while (!waiting_.empty() && waiting_.begin()->first <= now) {
    Lane& line = lanes_[waiting_.begin()->second];
    waiting_.erase(waiting_.begin());
    line.until.reset();
    ready_.insert(line.letters.front());
  }
}

void Schedule::BeginAnew() {
  Wake(Moment::max());
  for (auto& [number, lane] : lanes_) {
    lane.since.reset();
    lane.failures = 0;
  }
  failures_ = 0;
  paused_until_ = {};
}

void Schedule::Hold(std::uint64_t lane, Moment until) {
  Lane& line = lanes_[lane];
  ready_.erase(line.letters.front());
  line.until = until;
  waiting_.emplace(until, lane);
}

std::optional<std::uint64_t> Schedule::Take(Moment now) {
  Wake(now);
  if (under_way_ || ready_.empty() || now < paused_until_) return std::nullopt;
  under_way_ = *ready_.begin();
  return under_way_;
}

Schedule::Fate Schedule::Refused(std::uint64_t lane, const AttemptEnd& outcome, Moment now) {
  Lane& line = lanes_[lane];
  if (!line.since) line.since = now;
  if (now - *line.since >= kGiveUpAfter) return Fate::kGivenUp;
  const milliseconds wait =
      std::max<milliseconds>(RetryDelay(++line.failures, random_()),
                             outcome.retry_after.value_or(std::chrono::seconds(0)));
  Hold(lane, now + wait);
  // Who says how long to wait means everybody.
  const milliseconds pause =
      outcome.retry_after ? wait : std::min(RetryDelay(failures_, random_()), kLongestPause);
  paused_until_ = now + pause;
  return Fate::kKept;
}

Schedule::Fate Schedule::Settle(const AttemptEnd& outcome, Moment now) {
  const auto number = std::exchange(under_way_, std::nullopt);
  const auto lane = number ? lane_of_.find(*number) : lane_of_.end();
  const bool failed =
      outcome.attempt != Attempt::kDelivered && outcome.attempt != Attempt::kRejected;
  failures_ = failed ? failures_ + 1 : 0;
  if (outcome.attempt == Attempt::kDelivered) return Fate::kDelivered;
  if (outcome.attempt == Attempt::kRejected) return Fate::kRejected;
  const bool answered =
      outcome.attempt == Attempt::kRefused || outcome.attempt == Attempt::kGarbage;
  if (answered && lane != lane_of_.end()) return Refused(lane->second, outcome, now);
  paused_until_ = now + RetryDelay(failures_, random_());
  return Fate::kKept;
}

std::optional<Schedule::Moment> Schedule::WakeAt() const {
  if (under_way_) return std::nullopt;
  if (!ready_.empty()) return paused_until_;
  if (waiting_.empty()) return std::nullopt;
  return std::max(waiting_.begin()->first, paused_until_);
}

}  // namespace hullmark
