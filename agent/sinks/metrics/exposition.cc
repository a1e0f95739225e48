// SPDX-License-Identifier: Apache-2.0
#include "agent/sinks/metrics/exposition.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/sinks/metrics/body.h"
#include "agent/sinks/metrics/families.h"
#include "agent/sinks/metrics/fixed.h"
#include "agent/sinks/metrics/labels.h"
#include "agent/sinks/metrics/self_metrics.h"
#include "agent/sinks/metrics/series.h"
#include "agent/sinks/report_sinks.h"
#include "hullmark/benchmark.h"
#include "hullmark/check.h"
#include "hullmark/ids.h"
#include "hullmark/report.h"

namespace hullmark {
namespace {

constexpr std::uint64_t kOne = 1;

// No container's: its runtime would have a name.
constexpr std::string_view kOther = R"(container="__other__",namespace="",pod="",runtime="")";

double ToSeconds(Timestamp time) {
  constexpr double kNanoseconds = 1e9;
  return static_cast<double>(std::to_underlying(time)) / kNanoseconds;
}

// Of the counts of findings, by severity and status.
auto FindingLabels() {
  std::array<std::array<std::string, kCountedStatuses.size()>, kSeverities> all;
  for (std::size_t severity = 0; severity < kSeverities; ++severity) {
    for (std::size_t status = 0; status < kCountedStatuses.size(); ++status) {
      std::string labels;
      AppendLabel(labels, "severity", NameOf(static_cast<Severity>(severity)));
      AppendLabel(labels, "status", NameOf(kCountedStatuses[status]));
      all[severity][status] = "," + labels;
    }
  }
  return all;
}

// The worst of what the folded containers have.
Score WorstOf(const SeriesTable& table) {
  Score worst;
  for (const ContainerSeries& series : table.containers) {
    if (!series.folded) continue;
    const Score& score = series.judged->score;
    worst.exposure = std::max(worst.exposure, score.exposure);
    worst.exposure_known = std::max(worst.exposure_known, score.exposure_known);
    if (score.coverage() < worst.coverage()) {
      worst.weight_known = score.weight_known;
      worst.weight_applicable = score.weight_applicable;
    }
  }
  return worst;
}

FindingCounts SumOfFolded(const SeriesTable& table) {
  FindingCounts sum = {};
  for (const ContainerSeries& series : table.containers) {
    if (!series.folded) continue;
    for (std::size_t severity = 0; severity < sum.size(); ++severity) {
      for (std::size_t status = 0; status < kCountedStatuses.size(); ++status) {
        sum[severity][status] += series.findings[severity][status];
      }
    }
  }
  return sum;
}

}  // namespace

void Exposition::MakeSuffixes(const Benchmark& benchmark) {
  suffixes_.resize(benchmark.controls.size());
  for (std::size_t i = 0; i < suffixes_.size(); ++i) {
    std::string control;
    AppendLabel(control, "control", LabelText(benchmark.controls[i].id));
    for (std::size_t severity = 0; severity < kSeverities; ++severity) {
      std::string labels = control;
      AppendLabel(labels, "severity", NameOf(static_cast<Severity>(severity)));
      suffixes_[i][severity] = "," + labels;
    }
  }
}

void Exposition::WriteFixed(const ReportInput& input) {
  fixed_.Clear();
  WriteControls(input, table_.failing, fixed_);
  WriteInventory(input, fixed_);
  WriteHost(input, fixed_);
}

void Exposition::WriteScores(const Scoring& scoring, bool folded) {
  const Score worst = WorstOf(table_);
  const auto write = [&](Metric metric, const auto& add) {
    body_.Start(metric);
    for (const ContainerSeries& series : table_.containers) {
      if (!series.folded) add(series.labels.own, series.judged->score);
    }
    if (folded) add(kOther, worst);
  };
  write(Metric::kContainerScore, [&](std::string_view labels, const Score& score) {
    body_.AddThousandths(labels, "", ScoreThousandths(score.exposure, scoring));
  });
  write(Metric::kContainerScoreCeiling, [&](std::string_view labels, const Score& score) {
    body_.AddThousandths(labels, "", ScoreThousandths(score.exposure_known, scoring));
  });
  write(Metric::kContainerExposure, [&](std::string_view labels, const Score& score) {
    body_.AddThousandths(labels, "", score.exposure);
  });
  write(Metric::kContainerCoverage, [&](std::string_view labels, const Score& score) {
    body_.Add(labels, "", score.coverage());
  });
}

void Exposition::WriteStartAndInfo() {
  body_.Start(Metric::kContainerStart);
  for (const ContainerSeries& series : table_.containers) {
    if (!series.folded && series.start) body_.Add(series.labels.own, "", ToSeconds(*series.start));
  }
  body_.Start(Metric::kContainerInfo);
  std::string info;
  for (const ContainerSeries& series : table_.containers) {
    if (series.folded) continue;
    info.assign(",").append(series.labels.info);
    body_.Add(series.labels.own, info, kOne);
  }
}

void Exposition::WriteFindings(bool folded) {
  const auto labels = FindingLabels();
  const auto write = [&](std::string_view own, const FindingCounts& findings) {
    for (std::size_t severity = kSeverities; severity-- > 0;) {
      for (std::size_t status = 0; status < kCountedStatuses.size(); ++status) {
        const std::uint64_t count = findings[severity][status];
        if (count > 0) body_.Add(own, labels[severity][status], count);
      }
    }
  };
  body_.Start(Metric::kContainerFindings);
  for (const ContainerSeries& series : table_.containers) {
    if (!series.folded) write(series.labels.own, series.findings);
  }
  if (folded) write(kOther, SumOfFolded(table_));
}

void Exposition::WriteLimits() {
  const auto write = [&](Metric metric, const auto limit) {
    body_.Start(metric);
    for (const ContainerSeries& series : table_.containers) {
      const auto& value = series.*limit;
      if (!series.folded && value) body_.Add(series.labels.own, "", *value);
    }
  };
  write(Metric::kContainerLimitMemory, &ContainerSeries::memory);
  write(Metric::kContainerLimitPids, &ContainerSeries::pids);
  write(Metric::kContainerLimitCpu, &ContainerSeries::cpus);
}

void Exposition::WriteViolations(const Folds& folds) {
  std::array<bool, kSeverities> own = {};
  for (std::size_t severity = 0; severity < kSeverities; ++severity) {
    own[severity] = HasSeries(budget_, severity) && !folds.violations[severity];
  }
  body_.Start(Metric::kViolation);
  std::vector<std::string_view> failing;
  for (const ContainerSeries& series : table_.containers) {
    failing.clear();
    for (const Finding& finding : series.judged->findings) {
      const auto severity = static_cast<std::size_t>(finding.severity);
      if (finding.status != Status::kFail || !own[severity]) continue;
      failing.push_back(suffixes_[finding.control][severity]);
    }
    body_.AddOnes(series.labels.own, failing);
  }
  WriteFoldedViolations(folds);
}

void Exposition::WriteFoldedViolations(const Folds& folds) {
  for (std::size_t control = 0; control < suffixes_.size(); ++control) {
    for (std::size_t severity = 0; severity < kSeverities; ++severity) {
      const std::uint64_t count = table_.failing[control][severity];
      if (!folds.violations[severity] || count == 0) continue;
      body_.Add(kOther, suffixes_[control][severity], count);
    }
  }
}

std::string_view Exposition::Render(const ReportInput& input, SelfMetrics& self) {
  Tabulate(input, names_.Update(input.snapshot, input.report), table_);
  MakeSuffixes(input.benchmark);
  WriteFixed(input);
  SelfMetrics::Written own = self.Write();
  const Folds folds = FoldSeries(table_, budget_, fixed_.series() + own.series);
  if (folds.dropped > 0) {
    self.CountDropped(folds.dropped);
    own = self.Write();
  }
  body_.Clear();
  WriteScores(input.benchmark.scoring, folds.containers);
  WriteStartAndInfo();
  WriteFindings(folds.containers);
  WriteLimits();
  WriteViolations(folds);
  body_.Append(fixed_.text(), fixed_.series());
  own_begins_ = body_.text().size();
  others_ = body_.series();
  body_.Append(own.text, own.series);
  return body_.text();
}

std::string_view Exposition::Renew(SelfMetrics& self) {
  const SelfMetrics::Written own = self.Write();
  body_.Cut(own_begins_, others_);
  body_.Append(own.text, own.series);
  return body_.text();
}

}  // namespace hullmark
