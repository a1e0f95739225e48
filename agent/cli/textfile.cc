// SPDX-License-Identifier: Apache-2.0
#include "agent/cli/textfile.h"

#include <chrono>
#include <optional>
#include <string>

#include "agent/daemon/textfile.h"
#include "agent/sinks/metrics/exposition.h"
#include "agent/sinks/metrics/self_metrics.h"
#include "agent/sinks/report_sinks.h"
#include "hullmark/result.h"

namespace hullmark {

Result<void> WriteTextfile(const std::string& directory, const ReportInput& input,
                           std::optional<std::chrono::nanoseconds> took) {
  SelfMetrics self(input.options.tool_version, "");
  if (took) self.CountScan(ScanResult::kOk, *took);
  self.Describe(input);
  Exposition exposition;
  return ReplaceTextfile(directory, exposition.Render(input, self));
}

}  // namespace hullmark
