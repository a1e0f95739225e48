// SPDX-License-Identifier: Apache-2.0
#include "agent/base/boot_time.h"

#include <time.h>

#include <chrono>

namespace hullmark {

std::chrono::nanoseconds BootTime() {
  timespec now = {};
  clock_gettime(CLOCK_BOOTTIME, &now);
  return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

}  // namespace hullmark
