// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>

namespace hullmark {

// Since the machine was started, time asleep included: CLOCK_BOOTTIME, the same in all processes.
std::chrono::nanoseconds BootTime();

}  // namespace hullmark
