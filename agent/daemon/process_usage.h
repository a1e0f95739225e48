// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "agent/sinks/metrics/self_metrics.h"
#include "hullmark/ids.h"

namespace hullmark {

// What one of the agent's own processes takes, from the agent's own /proc; nullopt for one that is
// gone. Descriptors of one that may not be looked at are absent.
std::optional<ProcessUsage> UsageOf(Pid pid);

}  // namespace hullmark
