// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "hullmark/benchmark.h"
#include "hullmark/check.h"
#include "hullmark/ids.h"
#include "hullmark/report.h"
#include "hullmark/snapshot.h"

namespace hullmark {

// A host and a benchmark whose checks say what they were told to say. Tasks are numbered in order
// of their making, containers by position, and the host is number 0.
class World {
 public:
  std::uint32_t AddContainer(std::string_view name = "web", std::string_view id = "");
  // The pid is 100 plus the process' position.
  ProcessIndex AddProcess(std::uint32_t container);
  void AddThread(ProcessIndex process, Pid tid);
  void AddEnded(std::uint32_t container, Pid pid);

  // A control whose check gives `says[n]` on number n, and passes beyond them.
  Control& AddControl(Scope scope, Price price, const std::vector<Verdict>& says);

  Snapshot snapshot;
  Benchmark benchmark;

 private:
  Task NextTask();

  std::uint32_t tasks_ = 0;
};

inline constexpr Price kLowPrice = {.severity = Severity::kLow, .weight = 2};
inline constexpr Price kMediumPrice = {.severity = Severity::kMedium, .weight = 6};
inline constexpr Price kHighPrice = {.severity = Severity::kHigh, .weight = 25};
inline constexpr Price kCriticalPrice = {.severity = Severity::kCritical, .weight = 125};

inline Verdict Passes(std::string_view note = "") {
  return {.outcome = Outcome::kPass, .note = note};
}
inline Verdict Fails(std::string_view note = "") {
  return {.outcome = Outcome::kFail, .note = note};
}
inline Verdict FailsAt(Price price) { return {.outcome = Outcome::kFail, .price = price}; }
inline Verdict FailsBy(std::uint16_t badness) {
  return {.outcome = Outcome::kFail, .badness = badness};
}
inline Verdict Unknowable() { return {.outcome = Outcome::kUnknown}; }
inline Verdict DoesNotApply() { return {.outcome = Outcome::kNotApplicable}; }

// Facts of a finding's evidence, in order.
std::vector<std::string> Facts(const Report& report, const Finding& finding);
std::vector<std::string> Sources(const Report& report, const Finding& finding);

}  // namespace hullmark
