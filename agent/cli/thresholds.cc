// SPDX-License-Identifier: Apache-2.0
#include "agent/cli/thresholds.h"

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "agent/cli/command.h"
#include "agent/sinks/news.h"
#include "hullmark/benchmark.h"
#include "hullmark/check.h"
#include "hullmark/comparison.h"
#include "hullmark/report.h"

namespace hullmark {
namespace {

// Whether a finding is held against a threshold.
bool Counts(const Thresholds& thresholds, const Finding& finding) {
  return finding.status == Status::kFail && finding.severity >= *thresholds.fail_on &&
         (thresholds.news == nullptr || thresholds.news->findings.contains(&finding));
}

std::size_t CountFails(const Thresholds& thresholds, const std::vector<Finding>& findings) {
  return static_cast<std::size_t>(std::ranges::count_if(
      findings, [&](const Finding& finding) { return Counts(thresholds, finding); }));
}

// Whether a container is held against min_score.
bool IsHeldUp(const Thresholds& thresholds, std::size_t container) {
  if (thresholds.news == nullptr) return true;
  const Comparison& looks = thresholds.news->comparison;
  const SubjectChange& change = looks.containers[container];
  return change.added ||
         SubjectAfter(looks, change)->exposure > SubjectBefore(looks, change)->exposure;
}

std::size_t CountBelow(const Thresholds& thresholds, const Benchmark& benchmark,
                       const Report& report) {
  std::size_t below = 0;
  for (std::size_t i = 0; i < report.containers.size(); ++i) {
    const double score = ScoreOf(report.containers[i].score.exposure, benchmark.scoring);
    if (score < *thresholds.min_score && IsHeldUp(thresholds, i)) ++below;
  }
  return below;
}

std::string_view Newly(const Thresholds& thresholds) {
  return thresholds.news == nullptr ? "" : "new ";
}

bool IsTooDim(const Thresholds& thresholds, const Summary& summary) {
  if (!thresholds.min_coverage) return false;
  const double coverage = summary.weight_applicable == 0
                              ? 1.0
                              : static_cast<double>(summary.weight_known) /
                                    static_cast<double>(summary.weight_applicable);
  if (coverage >= *thresholds.min_coverage) return false;
  std::fprintf(stderr, "hullmark: coverage %.4f is below --min-coverage %.4f\n", coverage,
               *thresholds.min_coverage);
  return true;
}

}  // namespace

Exit ApplyThresholds(const Thresholds& thresholds, const Benchmark& benchmark,
                     const Report& report) {
  if (IsTooDim(thresholds, report.summary)) return Exit::kBlind;
  Exit exit = Exit::kDone;
  if (thresholds.fail_on) {
    std::size_t fails = thresholds.host_counts ? CountFails(thresholds, report.host.findings) : 0;
    for (const auto& container : report.containers) {
      fails += CountFails(thresholds, container.findings);
    }
    if (fails > 0) {
      std::fprintf(stderr, "hullmark: %zu %sfindings of severity %s or above fail\n", fails,
                   std::string(Newly(thresholds)).c_str(),
                   std::string(NameOf(*thresholds.fail_on)).c_str());
      exit = Exit::kViolation;
    }
  }
  const std::size_t below = thresholds.min_score ? CountBelow(thresholds, benchmark, report) : 0;
  if (below > 0) {
    std::fprintf(stderr, "hullmark: %zu containers %sscore below %.1f\n", below,
                 thresholds.news == nullptr ? "" : "that are new or worse ", *thresholds.min_score);
    exit = Exit::kViolation;
  }
  return exit;
}

}  // namespace hullmark
