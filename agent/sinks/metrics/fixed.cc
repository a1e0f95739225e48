// SPDX-License-Identifier: Apache-2.0
#include "agent/sinks/metrics/fixed.h"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <numeric>
#include <string>
#include <string_view>
#include <utility>

#include "agent/sinks/metrics/body.h"
#include "agent/sinks/metrics/families.h"
#include "agent/sinks/metrics/labels.h"
#include "agent/sinks/metrics/series.h"
#include "agent/sinks/report_sinks.h"
#include "hullmark/benchmark.h"
#include "hullmark/check.h"
#include "hullmark/report.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

constexpr std::uint64_t kOne = 1;

std::string ControlLabels(const Control& control, Severity severity) {
  std::string labels;
  AppendLabel(labels, "control", LabelText(control.id));
  AppendLabel(labels, "severity", NameOf(severity));
  return labels;
}

}  // namespace

std::int64_t ScoreThousandths(MilliPoints exposure, const Scoring& scoring) {
  constexpr double kThousand = 1000;
  return std::llround(ScoreOf(exposure, scoring) * kThousand);
}

void WriteControls(const ReportInput& input, const FailingCounts& failing, MetricBody& body) {
  const auto& controls = input.benchmark.controls;
  body.Start(Metric::kControlFailing);
  for (std::size_t i = 0; i < controls.size(); ++i) {
    const auto count = std::accumulate(failing[i].begin(), failing[i].end(), std::uint64_t{0});
    body.Add(ControlLabels(controls[i], controls[i].severity), "", count);
  }
  body.Start(Metric::kControlInfo);
  for (const Control& control : controls) {
    std::string labels = ControlLabels(control, control.severity);
    AppendLabel(labels, "title", LabelText(control.title));
    body.Add(labels, "", kOne);
  }
}

void WriteInventory(const ReportInput& input, MetricBody& body) {
  std::map<std::pair<Runtime, ContainerClass>, std::uint64_t> counts;
  for (const ContainerReport& judged : input.report.containers) {
    const Container& container = input.snapshot.containers[judged.container];
    ++counts[{container.runtime, container.container_class}];
  }
  body.Start(Metric::kContainers);
  for (const auto& [kind, count] : counts) {
    std::string labels;
    AppendLabel(labels, "runtime", NameOf(kind.first));
    AppendLabel(labels, "class", NameOf(kind.second));
    body.Add(labels, "", count);
  }
  const Summary& summary = input.report.summary;
  body.Start(Metric::kContainersByGrade);
  for (std::size_t grade = 0; grade < summary.by_grade.size(); ++grade) {
    std::string labels;
    AppendLabel(labels, "grade", NameOf(static_cast<Grade>(grade)));
    body.Add(labels, "", std::uint64_t{summary.by_grade[grade]});
  }
  body.Add("grade=\"\"", "", std::uint64_t{summary.without_grade});
}

void WriteHost(const ReportInput& input, MetricBody& body) {
  const Score& score = input.report.host.score;
  const Scoring& scoring = input.benchmark.scoring;
  body.Start(Metric::kHostScore);
  body.AddThousandths("", "", ScoreThousandths(score.exposure, scoring));
  body.Start(Metric::kHostScoreCeiling);
  body.AddThousandths("", "", ScoreThousandths(score.exposure_known, scoring));
  body.Start(Metric::kHostExposure);
  body.AddThousandths("", "", score.exposure);
  body.Start(Metric::kHostViolation);
  for (const Finding& finding : input.report.host.findings) {
    if (finding.status != Status::kFail) continue;
    const Control& control = input.benchmark.controls[finding.control];
    body.Add(ControlLabels(control, finding.severity), "", kOne);
  }
}

}  // namespace hullmark
