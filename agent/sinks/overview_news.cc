// SPDX-License-Identifier: Apache-2.0
#include <fmt/core.h>

#include <algorithm>
#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/encode/text.h"
#include "agent/sinks/news.h"
#include "agent/sinks/page.h"
#include "agent/sinks/reading.h"
#include "agent/sinks/report_sinks.h"
#include "hullmark/benchmark.h"
#include "hullmark/check.h"
#include "hullmark/comparison.h"
#include "hullmark/report.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

constexpr std::size_t kIndent = 16;

// A subject with violations that are new, or a container that is.
struct NewsLine {
  std::string name;
  std::string_view runtime;
  bool appeared = false;
  std::vector<const Finding*> findings;  // The most severe first.
};

std::optional<NewsLine> LineOf(const Reading& reading, std::span<const Finding> findings,
                               NewsLine line) {
  for (const Finding* finding : Violations(reading, findings)) {
    if (IsTold(reading, *finding)) line.findings.push_back(finding);
  }
  // One that is explained by an accepted one is news all the same.
  for (const Finding& finding : findings) {
    if (line.findings.empty() && IsTold(reading, finding)) line.findings.push_back(&finding);
  }
  if (line.findings.empty() && !line.appeared) return std::nullopt;
  std::ranges::stable_sort(line.findings, std::ranges::greater{}, &Finding::severity);
  return line;
}

std::vector<NewsLine> LinesOf(const Reading& reading) {
  const ReportInput& in = reading.in;
  std::vector<NewsLine> lines;
  const auto add = [&](std::optional<NewsLine> line) {
    if (line) lines.push_back(*std::move(line));
  };
  add(LineOf(reading, in.report.host.findings,
             {.name = "the host", .runtime = "", .findings = {}}));
  for (const ContainerReport& judged : in.report.containers) {
    const Container& container = reading.ContainerOf(judged);
    add(LineOf(reading, judged.findings,
               {.name = FullName(in.snapshot, container),
                .runtime = NameOf(container.runtime),
                .appeared = in.news->containers.contains(&judged),
                .findings = {}}));
  }
  std::ranges::stable_sort(lines, std::ranges::greater{}, [](const NewsLine& line) {
    return line.findings.empty()
               ? std::pair(Severity::kInfo, MilliPoints{0})
               : std::pair(line.findings.front()->severity, line.findings.front()->points);
  });
  return lines;
}

void WriteLine(Page& page, const Reading& reading, const NewsLine& line) {
  const bool any = !line.findings.empty();
  const Severity severity = any ? line.findings.front()->severity : Severity::kInfo;
  const std::string label = fmt::format("  {:<8} {} {}", any ? NameOf(severity) : "-",
                                        Cell(line.name, 20), Cell(line.runtime, 10));
  std::string text = line.appeared ? "new container" : "";
  if (any) {
    const Control& control = reading.ControlOf(*line.findings.front());
    if (line.appeared) text += ": ";
    text += fmt::format("{} {}", control.id, control.title);
  }
  const std::string more =
      line.findings.size() > 1 ? fmt::format(" (+{})", line.findings.size() - 1) : "";
  const std::size_t taken = Columns(label) + 1 + more.size();
  const std::size_t room = page.columns() - std::min(page.columns() - 4, taken);
  page.Paragraph(
      {.text = label, .style = severity == Severity::kCritical ? Style::kRed : Style::kPlain},
      PrintableShort(text, room) + more);
}

}  // namespace

bool IsTold(const Reading& reading, const Finding& finding) {
  return reading.in.news == nullptr || reading.in.news->findings.contains(&finding);
}

void WriteNews(Page& page, const Reading& reading, std::size_t room) {
  const News& news = *reading.in.news;
  page.Heading("NEW SINCE " + TimeText(news.comparison.before.taken_at));
  const std::vector<NewsLine> lines = LinesOf(reading);
  if (lines.empty()) {
    page.Paragraph({.indent = 2}, "Nothing: no violation and no container that was not there.");
  } else {
    page.Paragraph({.text = "  SEVERITY CONTAINER            RUNTIME    VIOLATES"}, "");
  }
  const bool fold = !reading.in.options.verbose && lines.size() > room;
  const std::size_t shown = fold ? room - 1 : lines.size();
  for (const NewsLine& line : std::span(lines).first(shown)) WriteLine(page, reading, line);
  if (fold) {
    page.Paragraph({.indent = 2}, fmt::format("and {} more (--verbose)", lines.size() - shown));
  }
  page.Blank();
  page.Paragraph({.text = "SINCE THEN", .indent = kIndent, .style = Style::kBold},
                 fmt::format("{} resolved; {} gone", Count(news.resolved, "violation"),
                             Count(news.gone, "container")));
  for (const std::string& caveat : CaveatsOf(news.comparison)) {
    page.Paragraph({.text = "NOTE", .indent = kIndent, .style = Style::kBold}, caveat);
  }
  page.Blank();
}

}  // namespace hullmark
