// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "agent/config/config.h"
#include "hullmark/benchmark.h"
#include "hullmark/check.h"
#include "hullmark/waiver.h"

namespace hullmark {

// What the agent judges by, from one reload to the next.
struct Standard {
  Config config{};
  std::vector<Check> checks{};  // That the benchmark's controls point to.
  Benchmark benchmark{};
  std::vector<Waiver> waivers{};
};

}  // namespace hullmark
