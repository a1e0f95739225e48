// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "agent/sinks/metrics/body.h"
#include "agent/sinks/metrics/series.h"
#include "agent/sinks/report_sinks.h"
#include "hullmark/benchmark.h"
#include "hullmark/report.h"

namespace hullmark {

// The families whose size does not depend on how many containers there are: controls, counts of
// containers, the host. They are never folded.
void WriteControls(const ReportInput& input, const FailingCounts& failing, MetricBody& body);
void WriteInventory(const ReportInput& input, MetricBody& body);
void WriteHost(const ReportInput& input, MetricBody& body);

// A score to the thousandth, for MetricBody::AddThousandths.
std::int64_t ScoreThousandths(MilliPoints exposure, const Scoring& scoring);

}  // namespace hullmark
