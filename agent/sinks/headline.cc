// SPDX-License-Identifier: Apache-2.0
#include <fmt/core.h>

#include <cstddef>
#include <string>
#include <string_view>

#include "agent/sinks/page.h"
#include "agent/sinks/reading.h"
#include "agent/sinks/report_sinks.h"
#include "agent/sinks/values.h"
#include "hullmark/benchmark.h"
#include "hullmark/report.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

constexpr std::size_t kNameWidth = 40;

// "50 containers" or, where others were found that nobody asked for, "3 of 50 containers".
std::string Judged(const ReportInput& in) {
  const std::size_t judged = in.report.containers.size();
  const std::size_t found = in.snapshot.containers.size();
  if (judged == found) return Count(judged, "container");
  return fmt::format("{} judged, {} of another class or not selected", Count(judged, "container"),
                     found - judged);
}

// Why a look that found nobody is no proof that nobody runs.
std::string_view Nobody(const ReportInput& in) {
  if (!in.snapshot.containers.empty()) return "No container that was found is asked for.";
  if (!in.snapshot.vantage.problems.empty()) {
    return "No container can be seen from here, which does not mean that none runs.";
  }
  return "No container was found.";
}

}  // namespace

void WriteHeadline(Page& page, const ReportInput& in) {
  const Host& host = in.snapshot.host;
  const std::string taken = ToRfc3339(in.snapshot.taken_at);
  page.Heading(fmt::format("{} (Linux {}) at {} {} UTC", Clip(host.name, kNameWidth),
                           Clip(host.kernel, kNameWidth), taken.substr(0, 10),
                           taken.substr(11, 8)));
  page.Paragraph(
      {}, fmt::format("{}; benchmark {} {}", Judged(in), in.benchmark.id, in.benchmark.version));
  if (in.report.containers.empty()) page.Paragraph({}, Nobody(in));
}

void WriteLimitedView(Page& page, const ReportInput& in) {
  const ScanCounts& counts = in.snapshot.counts;
  const bool partial = counts.processes_truncated || counts.unreadable + counts.unattributed > 0;
  if (in.snapshot.vantage.problems.empty() && !partial) return;
  page.Heading("LIMITED VIEW: what cannot be seen from here counts as unknown");
  for (const VantageProblem& problem : in.snapshot.vantage.problems) {
    page.Paragraph({.text = "  - ", .indent = 4},
                   fmt::format("{}: {}", problem.text, problem.remedy));
  }
  if (counts.processes_truncated) {
    page.Paragraph({.text = "  - ", .indent = 4},
                   "There are more processes than are read; the rest is not judged.");
  }
  if (counts.unreadable + counts.unattributed > 0) {
    page.Paragraph({.text = "  - ", .indent = 4},
                   fmt::format("Processes that could not be read: {}; that belong nowhere for "
                               "certain: {}.",
                               counts.unreadable, counts.unattributed));
  }
  page.Blank();
}

}  // namespace hullmark
