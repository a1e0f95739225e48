// SPDX-License-Identifier: Apache-2.0
#include "agent/sinks/news.h"

#include <fmt/core.h>

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "agent/sinks/page.h"
#include "hullmark/comparison.h"
#include "hullmark/event.h"
#include "hullmark/posture.h"
#include "hullmark/report.h"

namespace hullmark {
namespace {

constexpr std::size_t kWidth = 40;

void Add(News& news, const SubjectChange& subject, std::span<const Finding> findings) {
  for (const ControlChange& change : subject.controls) {
    if (change.kind == EventKind::kViolationResolved) ++news.resolved;
    if (change.after && IsNewViolation(news.comparison, subject, change)) {
      news.findings.insert(&findings[*change.after]);
    }
  }
}

std::string Called(const Posture& look) {
  return fmt::format("{} {}", Clip(look.benchmark, kWidth), Clip(look.benchmark_version, kWidth));
}

}  // namespace

News NewsOf(const Comparison& comparison, const Report& report) {
  News news = {.comparison = comparison};
  Add(news, comparison.host, report.host.findings);
  for (const SubjectChange& change : comparison.containers) {
    if (!change.after) {
      ++news.gone;
      Add(news, change, {});
      continue;
    }
    const ContainerReport& judged = report.containers[*change.after];
    if (!change.before) news.containers.insert(&judged);
    Add(news, change, judged.findings);
  }
  return news;
}

std::vector<std::string> CaveatsOf(const Comparison& comparison) {
  const auto& [before, after, host, containers, left_out] = comparison;
  std::vector<std::string> caveats;
  if (before.host != after.host) {
    caveats.push_back(fmt::format("The earlier look is of another host: {}, not {}.",
                                  Clip(before.host, kWidth), Clip(after.host, kWidth)));
  }
  if (before.benchmark_sha256 != after.benchmark_sha256) {
    caveats.push_back(fmt::format(
        "Judged by different benchmarks: {}, then {}. What was not judged before counts as new.",
        Called(before), Called(after)));
  }
  if (before.select != after.select || before.classes != after.classes) {
    caveats.emplace_back("Asked for different containers (--select, --class).");
  }
  if (left_out > 0) {
    caveats.push_back(fmt::format("{} of the earlier look not asked for now: left out.", left_out));
  }
  if (before.limited || after.limited) {
    caveats.push_back(
        fmt::format("A limited view ({}): what is missing there may run all the same.",
                    before.limited ? after.limited ? "both" : "the earlier" : "the later"));
  }
  if (before.taken_at > after.taken_at) {
    caveats.emplace_back("The earlier look was taken later: is the order right?");
  }
  return caveats;
}

std::string TimeText(const std::string& rfc3339) {
  constexpr std::size_t kSeconds = 19;
  if (rfc3339.size() < kSeconds) return rfc3339;
  return rfc3339.substr(0, 10) + ' ' + rfc3339.substr(11, 8) + " UTC";
}

}  // namespace hullmark
