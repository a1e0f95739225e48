// SPDX-License-Identifier: Apache-2.0
#include "agent/evaluate/waiving.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "hullmark/benchmark.h"
#include "hullmark/check.h"
#include "hullmark/ids.h"
#include "hullmark/report.h"
#include "hullmark/selector.h"
#include "hullmark/snapshot.h"
#include "hullmark/waiver.h"

namespace hullmark {
namespace {

constexpr std::uint64_t kExpiringSoon = std::uint64_t{14} * 24 * 3600 * 1'000'000'000;

// A fail of which all that could cost more is known.
bool MayBeWaived(const Finding& finding) {
  return finding.status == Status::kFail && finding.whole;
}

}  // namespace

Waiving::Waiving(std::span<const Waiver> waivers, const Benchmark& benchmark, Timestamp at)
    : waivers_(waivers),
      benchmark_(benchmark),
      at_(at),
      by_control_(benchmark.controls.size()),
      selected_(waivers.size()),
      spared_(waivers.size()),
      findings_(waivers.size()) {
  for (std::size_t control = 0; control < by_control_.size(); ++control) {
    for (std::uint32_t i = 0; i < waivers.size(); ++i) {
      if (!waivers[i].control.Matches(benchmark.controls[control].id)) continue;
      by_control_[control].push_back(i);
    }
  }
}

void Waiving::Enter(const Snapshot& snapshot, const Container& container) {
  for (std::size_t i = 0; i < waivers_.size(); ++i) {
    selected_[i] = Selects(waivers_[i].select, snapshot, container, Belief::kRootOnly);
  }
}

void Waiving::EnterHost() {
  for (std::size_t i = 0; i < waivers_.size(); ++i) selected_[i] = IsEmpty(waivers_[i].select);
}

void Waiving::Cover(Finding& finding) {
  if (!MayBeWaived(finding)) return;
  const bool critical = finding.severity == Severity::kCritical ||
                        benchmark_.controls[finding.control].severity == Severity::kCritical;
  for (const std::uint32_t i : by_control_[finding.control]) {
    const Waiver& waiver = waivers_[i];
    if (!selected_[i] || (critical && !waiver.allow_critical)) continue;
    ++findings_[i];
    if (!finding.waiver && !IsExpired(waiver)) finding.waiver = i;
  }
  if (finding.waiver) finding.status = Status::kWaived;
}

void Waiving::Spare(const Snapshot& snapshot, const Container& container) {
  for (std::size_t i = 0; i < waivers_.size(); ++i) {
    if (spared_[i]) continue;
    spared_[i] = Selects(waivers_[i].select, snapshot, container, Belief::kRootOnly);
  }
}

WaiverState Waiving::StateOf(std::size_t at) const {
  const Waiver& waiver = waivers_[at];
  if (IsExpired(waiver)) return WaiverState::kExpired;
  if (findings_[at] == 0 && !spared_[at]) return WaiverState::kUnused;
  // In force, so that the difference is positive; unsigned, since it may be more than half of all.
  const auto left = static_cast<std::uint64_t>(std::to_underlying(waiver.expires)) -
                    static_cast<std::uint64_t>(std::to_underlying(at_));
  return left <= kExpiringSoon ? WaiverState::kExpiring : WaiverState::kActive;
}

std::vector<WaiverUse> Waiving::Close() const {
  std::vector<WaiverUse> uses;
  uses.reserve(waivers_.size());
  for (std::size_t i = 0; i < waivers_.size(); ++i) {
    uses.push_back({.state = StateOf(i), .findings = findings_[i]});
  }
  return uses;
}

}  // namespace hullmark
