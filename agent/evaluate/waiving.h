// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "hullmark/benchmark.h"
#include "hullmark/ids.h"
#include "hullmark/report.h"
#include "hullmark/snapshot.h"
#include "hullmark/waiver.h"

namespace hullmark {

// The waivers of one evaluation: who is covered by which, and what each has come to.
class Waiving {
 public:
  Waiving(std::span<const Waiver> waivers, const Benchmark& benchmark, Timestamp at);

  // From here on findings are those of this container, or of the host.
  void Enter(const Snapshot& snapshot, const Container& container);
  void EnterHost();

  // Waives a finding that a waiver in force covers, the first of them. Counts it for every waiver
  // that covers it or, expired, would.
  void Cover(Finding& finding);

  // A container that nobody asked for is not judged; what selects it is not unused for that.
  void Spare(const Snapshot& snapshot, const Container& container);

  std::vector<WaiverUse> Close() const;

 private:
  bool IsExpired(const Waiver& waiver) const { return at_ >= waiver.expires; }
  WaiverState StateOf(std::size_t at) const;

  std::span<const Waiver> waivers_;
  const Benchmark& benchmark_;
  Timestamp at_;
  std::vector<std::vector<std::uint32_t>> by_control_;  // Waivers that name a control.
  std::vector<bool> selected_;                          // By waiver: of the subject at hand.
  std::vector<bool> spared_;
  std::vector<std::uint32_t> findings_;
};

}  // namespace hullmark
