// SPDX-License-Identifier: Apache-2.0
#include "agent/sinks/metrics/series.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "agent/sinks/metrics/container_names.h"
#include "agent/sinks/report_sinks.h"
#include "agent/sinks/values.h"
#include "hullmark/check.h"
#include "hullmark/limits.h"
#include "hullmark/report.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

constexpr std::size_t kScores = 4;  // Score, ceiling, exposure, coverage.
constexpr auto kCritical = static_cast<std::size_t>(Severity::kCritical);

std::optional<std::uint64_t> Known(const Fact<Limit>& fact) {
  return fact.has_value() ? *fact : std::nullopt;
}

std::optional<double> Cpus(const Fact<CpuQuota>& fact) {
  if (!fact) return std::nullopt;
  const CpuQuota& cpu = *fact;
  if (!cpu.quota || cpu.period == 0) return std::nullopt;
  return static_cast<double>(*cpu.quota) / static_cast<double>(cpu.period);
}

void CountFindings(const ContainerReport& judged, ContainerSeries& series, FailingCounts& failing) {
  for (const Finding& finding : judged.findings) {
    const auto at = std::ranges::find(kCountedStatuses, finding.status);
    if (at == kCountedStatuses.end()) continue;
    const auto severity = static_cast<std::size_t>(finding.severity);
    ++series.findings[severity][static_cast<std::size_t>(at - kCountedStatuses.begin())];
    if (finding.status == Status::kFail) ++failing[finding.control][severity];
  }
}

std::size_t CountNonZero(const FindingCounts& findings) {
  std::size_t count = 0;
  for (const auto& by_status : findings) {
    for (const std::uint32_t number : by_status) count += number > 0 ? 1 : 0;
  }
  return count;
}

// Violations of a severity, as one series each and as one for all containers.
struct ViolationCount {
  std::size_t single = 0, folded = 0;
};
ViolationCount CountViolations(const SeriesTable& table, std::size_t severity) {
  ViolationCount count;
  for (const auto& by_severity : table.failing) {
    count.single += by_severity[severity];
    count.folded += by_severity[severity] > 0 ? 1 : 0;
  }
  return count;
}

// A folded container has no violations of its own but critical ones: those of which there is one
// per control, which folding does not make fewer, are folded too.
void FoldRest(const SeriesTable& table, const SeriesBudget& budget, Folds& folds) {
  for (std::size_t severity = 0; severity < kCritical; ++severity) {
    if (!HasSeries(budget, severity) || folds.violations[severity]) continue;
    folds.violations[severity] = true;
    folds.dropped += CountViolations(table, severity).single;
  }
}

// Folds all but the worst containers that `room` series hold.
void FoldContainers(SeriesTable& table, std::size_t room, Folds& folds) {
  constexpr std::size_t kOther = kScores + kSeverities * kCountedStatuses.size();
  room -= std::min(room, kOther);
  std::vector<std::size_t> worst_first(table.containers.size());
  std::ranges::generate(worst_first, [next = std::size_t{0}]() mutable { return next++; });
  std::ranges::stable_sort(worst_first, [&table](std::size_t a, std::size_t b) {
    const Score& left = table.containers[a].judged->score;
    const Score& right = table.containers[b].judged->score;
    return std::pair(left.critical, left.exposure) > std::pair(right.critical, right.exposure);
  });
  for (const std::size_t at : worst_first) {
    ContainerSeries& series = table.containers[at];
    const std::size_t count = series.Count();
    if (!folds.containers && count <= room) {
      room -= count;
      continue;
    }
    folds.containers = series.folded = true;
    folds.dropped += count;
  }
}

}  // namespace

std::size_t ContainerSeries::Count() const {
  constexpr std::size_t kInfo = 1;
  return kScores + kInfo + (start ? 1U : 0U) + (memory ? 1U : 0U) + (pids ? 1U : 0U) +
         (cpus ? 1U : 0U) + CountNonZero(findings);
}

void Tabulate(const ReportInput& input, std::span<const ContainerNames::Labels> labels,
              SeriesTable& table) {
  table.containers.clear();
  table.containers.reserve(input.report.containers.size());
  table.failing.assign(input.benchmark.controls.size(), {});
  for (const ContainerReport& judged : input.report.containers) {
    const Container& container = input.snapshot.containers[judged.container];
    ContainerSeries& series =
        table.containers.emplace_back(&judged, labels[table.containers.size()]);
    series.start = StartOf(input.snapshot, container);
    series.memory = Known(container.limits.memory.value);
    series.pids = Known(container.limits.pids.value);
    series.cpus = Cpus(container.limits.cpu_quota.value);
    CountFindings(judged, series, table.failing);
  }
}

bool HasSeries(const SeriesBudget& budget, std::size_t severity) {
  return budget.violations && severity >= static_cast<std::size_t>(budget.violation_min_severity);
}

Folds FoldSeries(SeriesTable& table, const SeriesBudget& budget, std::size_t fixed) {
  Folds folds;
  std::size_t total = fixed;
  std::size_t containers = 0;
  for (const ContainerSeries& series : table.containers) containers += series.Count();
  total += containers;
  for (std::size_t severity = 0; severity < kSeverities; ++severity) {
    if (HasSeries(budget, severity)) total += CountViolations(table, severity).single;
  }
  for (std::size_t severity = 0; severity < kCritical && total > budget.max_series; ++severity) {
    if (!HasSeries(budget, severity)) continue;
    const ViolationCount count = CountViolations(table, severity);
    if (count.folded == count.single) continue;  // Nothing to gain.
    folds.violations[severity] = true;
    folds.dropped += count.single;
    total -= count.single - count.folded;
  }
  if (total > budget.max_series) {
    FoldRest(table, budget, folds);
    const std::size_t rest = total - containers;
    FoldContainers(table, budget.max_series - std::min(budget.max_series, rest), folds);
  }
  return folds;
}

}  // namespace hullmark
