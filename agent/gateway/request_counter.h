// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "agent/gateway/requests.h"

namespace hullmark {

// RequestCounts that any thread may read.
class RequestCounter {
 public:
  void Count(Route route, int status) {
    counts_[static_cast<std::size_t>(route)][ColumnOf(status)].fetch_add(1,
                                                                         std::memory_order_relaxed);
  }

  RequestCounts Counts() const {
    RequestCounts counts{};
    for (std::size_t route = 0; route < kRoutes; ++route) {
      for (std::size_t code = 0; code < kAnswerCodes.size(); ++code) {
        counts[route][code] = counts_[route][code].load(std::memory_order_relaxed);
      }
    }
    return counts;
  }

 private:
  std::array<std::array<std::atomic<std::uint64_t>, kAnswerCodes.size()>, kRoutes> counts_{};
};

}  // namespace hullmark
