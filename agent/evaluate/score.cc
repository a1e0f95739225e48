// SPDX-License-Identifier: Apache-2.0
#include "agent/evaluate/score.h"

#include <cstddef>

#include "agent/evaluate/judge.h"
#include "hullmark/benchmark.h"
#include "hullmark/check.h"
#include "hullmark/report.h"

namespace hullmark {
namespace {

constexpr MilliPoints kMilli = 1000;

}  // namespace

void AddControl(Score& score, const Judgement& judgement, bool waived) {
  if (judgement.status == Status::kNotApplicable || judgement.status == Status::kManual) return;
  if (!waived) {
    score.exposure += judgement.points;
    score.exposure_known += judgement.points_known;
  }
  score.exposure_unwaived += judgement.points;
  score.weight_applicable += judgement.weight;
  if (judgement.whole) score.weight_known += judgement.weight;
  const bool fails = judgement.status == Status::kFail && !waived;
  score.critical = score.critical || (fails && judgement.severity == Severity::kCritical);
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
