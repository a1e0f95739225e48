// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "agent/encode/json_writer.h"
#include "agent/sinks/report_sinks.h"

namespace hullmark {

// What the agent serves beside the report.

// {"schema": "hullmark.containers/1", "taken_at", "containers": [...]}: a line of facts per
// container, without its findings.
void WriteContainerList(const ReportInput& input, const ByteSink& sink);

// {"schema": "hullmark.violations/1", "taken_at", "violations": [...]}: what fails, of the host
// ("container": null) and of the containers, in the order of the report.
void WriteViolationList(const ReportInput& input, const ByteSink& sink);

// One page for people with the summary, the worst containers and links. Self-contained: no script,
// nothing from elsewhere. Texts of containers are escaped.
void WriteOverviewPage(const ReportInput& input, const ByteSink& sink);

}  // namespace hullmark
