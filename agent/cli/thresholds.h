// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "agent/cli/command.h"
#include "agent/sinks/news.h"
#include "hullmark/benchmark.h"
#include "hullmark/check.h"
#include "hullmark/report.h"

namespace hullmark {

struct Thresholds {
  std::optional<Severity> fail_on{};     // No fail of this severity or above.
  std::optional<double> min_score{};     // Of every container.
  std::optional<double> min_coverage{};  // Of all containers together.
  bool host_counts = true;               // Whether fail_on looks at host controls too.
  // Where an earlier report is accepted: fail_on counts what is new, min_score the containers that
  // are new or have more points of exposure than before.
  const News* news = nullptr;
};

// kBlind where coverage is too low, since then the rest proves nothing; else kViolation or kDone.
// Says on stderr which threshold it was.
Exit ApplyThresholds(const Thresholds& thresholds, const Benchmark& benchmark,
                     const Report& report);

}  // namespace hullmark
