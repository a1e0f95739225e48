// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "agent/evaluate/known_state.h"
#include "hullmark/benchmark.h"

namespace hullmark {

// What the records of a KnownState share, while an update adds to it and drops from it.

// Gives the benchmark's controls the places that they have in it. Returns, by place, whether the
// last scan judged it too.
std::vector<bool> TakeControls(KnownState& state, const Benchmark& benchmark);
// Drops ids of other benchmarks that no record names any more.
void DropControls(KnownState& state);

class KnownTexts {
 public:
  explicit KnownTexts(KnownState& state);  // Outlives it.

  // The place of a text, which is added if it is new.
  std::uint32_t Keep(std::string_view text);

 private:
  std::deque<std::string>& texts_;
  std::unordered_map<std::string_view, std::uint32_t> places_;
};
// Drops texts that no record names any more.
void DropTexts(KnownState& state);

// Writes a list of offenders down, or finds it where it stands already. A list that would be too
// many is left out: without offenders a failure is held for its time.
void KeepOffenders(KnownSubject& subject, std::span<const Offender> offenders,
                   LastFailure& failure);
// Drops lists that no record names any more.
void DropOffenders(KnownSubject& subject);

}  // namespace hullmark
