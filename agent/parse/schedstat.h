// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

#include "hullmark/result.h"

namespace hullmark {

// How much a thread has run, from /proc/PID/schedstat. The kernel counts with CONFIG_SCHED_INFO
// (every distribution's has it), before 5.14 unless it was booted with nodelayacct; where it does
// not, all is 0 or the file is absent.
struct RunCount {
  std::uint64_t nanoseconds = 0;  // On a CPU; of a slice that goes on, up to the last tick.
  std::uint64_t slices = 0;       // How often it was given a CPU; 0: never yet, or not counted.

  friend constexpr bool operator==(const RunCount&, const RunCount&) = default;
};

// Parses the whole of /proc/PID/schedstat: three numbers, the second (time spent waiting for a CPU)
// is passed over. kMalformed for anything else.
Fact<RunCount> ParseSchedstat(std::string_view text);

// Whether a thread that showed `then` and shows `now` has executed nothing in between. What only a
// thread itself can change (credentials, namespaces, its program) is what it was.
constexpr bool StoodStill(const RunCount& then, const RunCount& now) {
  return then == now && now.slices != 0;
}

}  // namespace hullmark
