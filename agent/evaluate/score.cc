// SPDX-License-Identifier: Apache-2.0
#include "agent/evaluate/score.h"

#include <cstddef>

#include "hullmark/benchmark.h"
#include "hullmark/check.h"
#include "hullmark/report.h"

namespace hullmark {
namespace {

constexpr MilliPoints kMilli = 1000;

}  // namespace

void AddFinding(Score& score, const Finding& finding) {
  if (finding.status == Status::kNotApplicable || finding.status == Status::kManual) return;
  if (finding.status != Status::kWaived) {
    score.exposure += finding.points;
    score.exposure_known += finding.points_known;
  }
  score.exposure_unwaived += finding.points;
  score.weight_applicable += finding.weight;
  if (finding.whole) score.weight_known += finding.weight;
  const bool fails = finding.status == Status::kFail;
  score.critical = score.critical || (fails && finding.severity == Severity::kCritical);
}

void SetGrade(Score& score, const Scoring& scoring) {
  score.provisional =
      score.weight_known * kMilli < score.weight_applicable * scoring.provisional_permille;
  if (score.provisional) return;
  std::size_t grade = 0;
  while (grade < scoring.grade_bounds.size() &&
         score.exposure > scoring.grade_bounds[grade] * kMilli) {
    ++grade;
  }
  score.grade = static_cast<Grade>(grade);
}

}  // namespace hullmark
