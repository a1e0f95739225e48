// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

namespace hullmark {

// How much went over a wire: 0 bytes of one that is not gone means "later".
struct Moved {
  std::size_t bytes = 0;
  bool gone = false;  // Ended, or broken.
};

}  // namespace hullmark
