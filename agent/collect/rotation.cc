// SPDX-License-Identifier: Apache-2.0
#include "agent/collect/rotation.h"

#include <cstdint>

namespace hullmark {

bool Rotation::IsDue(std::uint64_t number) const {
  if (now_ < then_) return true;
  constexpr std::uint64_t kGolden = 0x9E3779B97F4A7C15;  // Neighbours get turns far apart.
  const std::uint64_t phase = (number * kGolden >> 1) % every_;
  const auto turn = [&](std::int64_t at) {
    return (static_cast<std::uint64_t>(at) + phase) / every_;
  };
  return turn(then_) != turn(now_);
}

}  // namespace hullmark
