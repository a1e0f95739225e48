// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "agent/sinks/metrics/container_names.h"
#include "agent/sinks/report_sinks.h"
#include "hullmark/check.h"
#include "hullmark/ids.h"
#include "hullmark/report.h"

namespace hullmark {

// How many series there may be, and which violations have one of their own.
struct SeriesBudget {
  std::size_t max_series = 20'000;  // Of a body, self-metrics included.
  bool violations = true;
  Severity violation_min_severity = Severity::kMedium;
};

// The statuses of hullmark_container_findings, worst first.
inline constexpr std::array kCountedStatuses = {Status::kFail, Status::kUnknown, Status::kWaived};
using FindingCounts = std::array<std::array<std::uint32_t, kCountedStatuses.size()>, kSeverities>;

// What the series of a container say beside its scores.
struct ContainerSeries {
  const ContainerReport* judged = nullptr;
  ContainerNames::Labels labels;
  std::optional<Timestamp> start{};
  std::optional<std::uint64_t> memory{}, pids{};
  std::optional<double> cpus{};
  FindingCounts findings = {};
  bool folded = false;  // It has no series of its own but its critical violations.

  // Series of its own, violations left out.
  std::size_t Count() const;
};

// By control and effective severity: containers that fail.
using FailingCounts = std::vector<std::array<std::uint32_t, kSeverities>>;

// The containers of a report as series.
struct SeriesTable {
  std::vector<ContainerSeries> containers{};
  FailingCounts failing{};
};
void Tabulate(const ReportInput& input, std::span<const ContainerNames::Labels> labels,
              SeriesTable& table);

// What had to be folded into container="__other__" to keep the budget.
struct Folds {
  std::array<bool, kSeverities> violations = {};  // By severity.
  bool containers = false;                        // Some are: see ContainerSeries::folded.
  std::size_t dropped = 0;                        // Series that are not there for it.
};

// Folds in this order until it fits: violations by severity, info first, never critical ones; then
// whole containers, those of least exposure first. `fixed` is the number of series that are never
// folded; where they and critical violations alone are more than the budget, they stay all the
// same.
Folds FoldSeries(SeriesTable& table, const SeriesBudget& budget, std::size_t fixed);

// Whether violations of this severity have series at all.
bool HasSeries(const SeriesBudget& budget, std::size_t severity);

}  // namespace hullmark
