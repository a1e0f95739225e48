// SPDX-License-Identifier: Apache-2.0
#include "agent/cli/thresholds.h"

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <string>
#include <vector>

#include "agent/cli/command.h"
#include "hullmark/benchmark.h"
#include "hullmark/check.h"
#include "hullmark/report.h"

namespace hullmark {
namespace {

std::size_t CountFails(const std::vector<Finding>& findings, Severity least) {
  return static_cast<std::size_t>(std::ranges::count_if(findings, [&](const Finding& finding) {
    return finding.status == Status::kFail && finding.severity >= least;
  }));
}

}  // namespace

Exit ApplyThresholds(const Thresholds& thresholds, const Benchmark& benchmark,
                     const Report& report) {
  if (thresholds.min_coverage) {
    const auto& summary = report.summary;
    const double coverage = summary.weight_applicable == 0
                                ? 1.0
                                : static_cast<double>(summary.weight_known) /
                                      static_cast<double>(summary.weight_applicable);
    if (coverage < *thresholds.min_coverage) {
      std::fprintf(stderr, "hullmark: coverage %.4f is below --min-coverage %.4f\n", coverage,
                   *thresholds.min_coverage);
      return Exit::kBlind;
    }
  }
  Exit exit = Exit::kDone;
  if (thresholds.fail_on) {
    std::size_t fails =
        thresholds.host_counts ? CountFails(report.host.findings, *thresholds.fail_on) : 0;
    for (const auto& container : report.containers) {
      fails += CountFails(container.findings, *thresholds.fail_on);
    }
    if (fails > 0) {
      std::fprintf(stderr, "hullmark: %zu findings of severity %s or above fail\n", fails,
                   std::string(NameOf(*thresholds.fail_on)).c_str());
      exit = Exit::kViolation;
    }
  }
  if (thresholds.min_score) {
    const auto below = std::ranges::count_if(report.containers, [&](const auto& container) {
      return ScoreOf(container.score.exposure, benchmark.scoring) < *thresholds.min_score;
    });
    if (below > 0) {
      std::fprintf(stderr, "hullmark: %td containers score below %.1f\n", below,
                   *thresholds.min_score);
      exit = Exit::kViolation;
    }
  }
  return exit;
}

}  // namespace hullmark
