// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string_view>

namespace hullmark {

// For tests of what a death leaves behind: ends this process by SIGKILL, or stops it by SIGSTOP, at
// the n-th time that it comes to the point that HULLMARK_FAULT names ("applied:1:kill",
// "noted:2:stop"; see Executor::Parts::at). Empty where it names none, and in every build without
// the CMake option HULLMARK_FAULT_POINTS: a release has none.
std::function<void(std::string_view)> FaultPoint();

}  // namespace hullmark
