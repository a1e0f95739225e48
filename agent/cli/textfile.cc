// SPDX-License-Identifier: Apache-2.0
#include "agent/cli/textfile.h"

#include <unistd.h>

#include <chrono>
#include <expected>
#include <optional>
#include <string>

#include "agent/base/replace.h"
#include "agent/sinks/metrics/exposition.h"
#include "agent/sinks/metrics/self_metrics.h"
#include "agent/sinks/report_sinks.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"

namespace hullmark {

Result<void> WriteTextfile(const std::string& directory, const ReportInput& input,
                           std::optional<std::chrono::nanoseconds> took) {
  const auto place = OpenOwnDirectory(directory, Uid{geteuid()});
  if (!place) return std::unexpected(place.error());
  SelfMetrics self(input.options.tool_version, "");
  if (took) self.CountScan(ScanResult::kOk, *took);
  self.Describe(input);
  Exposition exposition;
  return ReplaceIn(*place, directory, "hullmark.prom", exposition.Render(input, self));
}

}  // namespace hullmark
