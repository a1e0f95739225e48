// SPDX-License-Identifier: Apache-2.0
#include "agent/cli/baseline.h"

#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "agent/cli/inputs.h"
#include "agent/evaluate/changes.h"
#include "agent/evaluate/compare.h"
#include "agent/evaluate/posture.h"
#include "agent/sinks/news.h"
#include "agent/sinks/report_sinks.h"
#include "agent/sinks/values.h"
#include "hullmark/comparison.h"
#include "hullmark/posture.h"
#include "hullmark/result.h"

namespace hullmark {

Result<std::optional<Posture>> ReadBaseline(const std::string& path, const std::string& snapshot) {
  if (path.empty()) return std::nullopt;
  if (path == "-" && snapshot == "-") {
    return Fail(ErrorCode::kMalformed,
                "--baseline and --snapshot cannot both be standard input: name a file");
  }
  auto posture = ReadReportFile(path);
  if (!posture) return Fail(posture.error().code, "--baseline " + posture.error().message);
  return std::optional(std::move(*posture));
}

Since Compared(const std::optional<Posture>& accepted, const ReportInput& input) {
  Since since;
  if (!accepted) return since;
  const JudgedScan scan = {
      .snapshot = input.snapshot, .benchmark = input.benchmark, .report = input.report};
  Posture now = PostureOf(scan, {.taken_at = ToRfc3339(input.snapshot.taken_at),
                                 .select = input.options.select,
                                 .classes = input.options.classes});
  since.comparison = std::make_unique<const Comparison>(Compare(*accepted, std::move(now)));
  since.news.emplace(NewsOf(*since.comparison, input.report));
  return since;
}

}  // namespace hullmark
