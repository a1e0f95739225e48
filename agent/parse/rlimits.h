// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "hullmark/facts.h"
#include "hullmark/result.h"

namespace hullmark {

// Parses the whole of /proc/PID/limits, see proc_pid_limits(5). kMalformed when the line of a limit
// in Rlimits is missing or repeats.
Fact<Rlimits> ParseRlimits(std::string_view text);

}  // namespace hullmark
