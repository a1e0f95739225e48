// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

#include "tests/unit/sinks/world.h"

namespace hullmark::bench {

inline constexpr std::size_t kCrowdControls = 50;

// About 100,000 series: 1,780 containers that fail every control of a benchmark of fifty.
testing::World Crowd();

}  // namespace hullmark::bench
