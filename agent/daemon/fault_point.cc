// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon/fault_point.h"

#include <csignal>
#include <cstdlib>
#include <functional>
#include <string>
#include <string_view>

namespace hullmark {

std::function<void(std::string_view)> FaultPoint() {
  if constexpr (HULLMARK_FAULT_POINTS) {
    const char* const given = getenv("HULLMARK_FAULT");
    const std::string text = given == nullptr ? "" : given;
    const auto first = text.find(':');
    const auto second = text.rfind(':');
    if (first == std::string::npos || second == first) return {};
    return [point = text.substr(0, first), left = std::atoi(text.c_str() + first + 1),
            number = text.substr(second + 1) == "stop" ? SIGSTOP
                                                       : SIGKILL](std::string_view at) mutable {
      if (at == point && --left == 0) raise(number);  // This thread goes no further.
    };
  }
  return {};
}

}  // namespace hullmark
