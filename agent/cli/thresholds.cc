// SPDX-License-Identifier: Apache-2.0
#include "agent/cli/thresholds.h"

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <string>
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
bool Counts(const Thresholds& thresholds, Severity fail_on, const Finding& finding) {
  return finding.status == Status::kFail && finding.severity >= fail_on &&
         (thresholds.news == nullptr || thresholds.news->findings.contains(&finding));
}

std::size_t CountFails(const Thresholds& thresholds, Severity fail_on, const Report& report) {
  const auto counts = [&](const Finding& finding) { return Counts(thresholds, fail_on, finding); };
  auto fails = thresholds.host_counts ? std::ranges::count_if(report.host.findings, counts) : 0;
  for (const auto& container : report.containers) {
    fails += std::ranges::count_if(container.findings, counts);
  }
  return static_cast<std::size_t>(fails);
}

// Whether a container is held against min_score.
bool IsHeldUp(const Thresholds& thresholds, std::size_t container) {
  if (thresholds.news == nullptr) return true;
  const Comparison& looks = thresholds.news->comparison;
  const SubjectChange& change = looks.containers[container];
  return change.added ||
         SubjectAfter(looks, change)->exposure > SubjectBefore(looks, change)->exposure;
}

std::size_t CountBelow(const Thresholds& thresholds, double min_score, const Benchmark& benchmark,
                       const Report& report) {
  std::size_t below = 0;
  for (std::size_t i = 0; i < report.containers.size(); ++i) {
    const double score = ScoreOf(report.containers[i].score.exposure, benchmark.scoring);
    if (score < min_score && IsHeldUp(thresholds, i)) ++below;
  }
  return below;
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
  if (const auto& fail_on = thresholds.fail_on) {
    const std::size_t fails = CountFails(thresholds, *fail_on, report);
    if (fails > 0) {
      std::fprintf(stderr, "hullmark: %zu %sfindings of severity %s or above fail\n", fails,
                   thresholds.news == nullptr ? "" : "new ", std::string(NameOf(*fail_on)).c_str());
      exit = Exit::kViolation;
    }
  }
  if (const auto& min_score = thresholds.min_score) {
    const std::size_t below = CountBelow(thresholds, *min_score, benchmark, report);
    if (below > 0) {
      std::fprintf(stderr, "hullmark: %zu containers %sscore below %.1f\n", below,
                   thresholds.news == nullptr ? "" : "that are new or worse ", *min_score);
      exit = Exit::kViolation;
    }
  }
  return exit;
}

}  // namespace hullmark
