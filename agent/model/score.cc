// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "hullmark/benchmark.h"
#include "hullmark/report.h"

namespace hullmark {

double ScoreOf(MilliPoints exposure, const Scoring& scoring) {
  const double points = static_cast<double>(exposure) / 1000;
  return 100.0 * std::exp2(-points / scoring.half_life);
}

}  // namespace hullmark
