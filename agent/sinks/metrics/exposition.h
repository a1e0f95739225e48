// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "agent/sinks/metrics/body.h"
#include "agent/sinks/metrics/container_names.h"
#include "agent/sinks/metrics/self_metrics.h"
#include "agent/sinks/metrics/series.h"
#include "agent/sinks/report_sinks.h"
#include "hullmark/benchmark.h"
#include "hullmark/check.h"

namespace hullmark {

inline constexpr std::string_view kExpositionType = "text/plain; version=0.0.4; charset=utf-8";

// Reports as metrics, in Prometheus' text format: once per publication, never per scrape. Keeps the
// names of containers from one publication to the next, and nothing of containers that are gone.
class Exposition {
 public:
  explicit Exposition(const SeriesBudget& budget = {}) : budget_(budget) {}

  void SetBudget(const SeriesBudget& budget) { budget_ = budget; }

  // The whole body, self-metrics included (what was folded is counted there first); valid until the
  // next call.
  std::string_view Render(const ReportInput& input, SelfMetrics& self);

  // The last body, with what `self` says by now; valid until the next call.
  std::string_view Renew(SelfMetrics& self);

  // Series of the last body.
  std::size_t series() const { return body_.series(); }
  // Containers and names that are kept for the next publication.
  std::size_t remembered() const { return names_.remembered(); }

 private:
  using BySeverity = std::array<std::string, kSeverities>;

  void MakeSuffixes(const Benchmark& benchmark);
  void WriteFixed(const ReportInput& input);
  void WriteScores(const Scoring& scoring, bool folded);
  void WriteStartAndInfo();
  void WriteFindings(bool folded);
  void WriteLimits();
  void WriteViolations(const Folds& folds);
  void WriteFoldedViolations(const Folds& folds);

  SeriesBudget budget_;
  ContainerNames names_;
  SeriesTable table_;
  MetricBody body_;
  std::size_t own_begins_ = 0, others_ = 0;  // Where in it self-metrics begin; series before them.
  MetricBody fixed_;                         // Control and host families.
  std::vector<BySeverity> suffixes_;         // ,control="...",severity="..." by control.
};

}  // namespace hullmark
