// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>

#include "agent/daemon/agent.h"
#include "agent/sinks/report_sinks.h"

namespace hullmark {

// The text of /metrics for one picture, self-metrics included.
std::string MetricsBody(const ReportInput& input, const ScanOrder& order,
                        std::chrono::nanoseconds duration);

}  // namespace hullmark
