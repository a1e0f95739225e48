// SPDX-License-Identifier: Apache-2.0
#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/encode/text.h"
#include "agent/sinks/page.h"
#include "agent/sinks/reading.h"
#include "agent/sinks/report_sinks.h"
#include "agent/sinks/values.h"
#include "hullmark/benchmark.h"
#include "hullmark/report.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

// What one screen has room for.
constexpr std::size_t kScreen = 40;
constexpr std::size_t kLeastAttention = 5;
constexpr std::size_t kFixes = 3;
constexpr std::size_t kUnknownReasons = 2;
constexpr std::size_t kIndent = 16;  // Where the texts of one-line sections begin.

using Judged = std::vector<const ContainerReport*>;

// "A 3, C 30, no grade 2": the grades that occur.
std::string GradeCounts(const Judged& containers) {
  std::array<std::size_t, kGrades + 1> counts = {};
  for (const ContainerReport* judged : containers) {
    const auto& grade = judged->score.grade;
    ++counts[grade ? static_cast<std::size_t>(std::to_underlying(*grade)) : kGrades];
  }
  std::string text;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] == 0) continue;
    const std::string_view name = i < kGrades ? NameOf(static_cast<Grade>(i)) : "no grade";
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", name, counts[i]);
  }
  return text;
}

void SortWorstFirst(Judged& containers) {
  std::ranges::stable_sort(containers, std::ranges::greater{},
                           [](const ContainerReport* judged) { return judged->score.exposure; });
}

void WriteAttentionLine(Page& page, const Reading& reading, const ContainerReport& judged) {
  const Container& container = reading.ContainerOf(judged);
  const std::string label = fmt::format("  {} {:>5}  {} {}", GradeText(judged.score),
                                        ScoreText(judged.score, reading.in.benchmark.scoring),
                                        Cell(FullName(reading.in.snapshot, container), 20),
                                        Cell(NameOf(container.runtime), 10));
  std::string reason = "nothing fails, too much is unknown";
  if (const Finding* main = MainViolation(reading, judged.findings); main != nullptr) {
    const Control& control = reading.ControlOf(*main);
    reason = fmt::format("{} {}", control.id, control.title);
  }
  const std::size_t room = page.columns() - std::min(page.columns() - 4, Columns(label) + 1);
  page.Paragraph({.text = label, .style = StyleOf(judged.score)}, PrintableShort(reason, room));
}

// At most `room` lines of containers.
void WriteAttention(Page& page, const Reading& reading, const Judged& containers,
                    std::size_t room) {
  page.Heading("NEEDS ATTENTION TODAY");
  if (containers.empty()) {
    page.Paragraph({.indent = 2},
                   "Nobody: no container fails a critical control or has grade D or F.");
    page.Blank();
    return;
  }
  page.Paragraph({.text = "    SCORE  CONTAINER            RUNTIME    VIOLATES"}, "");
  const bool fold = !reading.in.options.verbose && containers.size() > room;
  const std::size_t shown = fold ? room - 1 : containers.size();
  for (const ContainerReport* judged : std::span(containers).first(shown)) {
    WriteAttentionLine(page, reading, *judged);
  }
  if (fold) {
    page.Paragraph({.indent = 2},
                   fmt::format("and {} more (--verbose)", containers.size() - shown));
  }
  page.Blank();
}

// What one fix would do.
struct Gain {
  std::uint32_t containers = 0;
  MilliPoints total = 0, least = 0, most = 0;

  void Add(MilliPoints points) {
    least = containers == 0 ? points : std::min(least, points);
    most = std::max(most, points);
    total += points;
    ++containers;
  }
};

using FixKey = std::pair<std::string_view, std::string_view>;  // Dialect, text.

std::map<FixKey, Gain> GainsOf(const Reading& reading, const Judged& containers) {
  std::map<FixKey, Gain> gains;
  for (const ContainerReport* judged : containers) {
    std::map<FixKey, MilliPoints> own;
    for (const Finding* finding : Violations(reading, judged->findings)) {
      if (finding->status != Status::kFail || finding->points == 0) continue;
      if (!IsTold(reading, *finding)) continue;
      const Fix fix = FixFor(reading.ControlOf(*finding), reading.ContainerOf(*judged));
      own[{fix.dialect, fix.text}] += finding->points;
    }
    for (const auto& [key, points] : own) gains[key].Add(points);
  }
  return gains;
}

void WriteFixes(Page& page, const Reading& reading, const Judged& containers) {
  const auto gains = GainsOf(reading, containers);
  if (gains.empty()) return;
  std::vector<std::pair<FixKey, Gain>> ranked(gains.begin(), gains.end());
  std::ranges::stable_sort(ranked, std::ranges::greater{},
                           [](const auto& each) { return each.second.total; });
  page.Heading("COULD BE HARDENED BY ONE CHANGE");
  for (const auto& [key, gain] : std::span(ranked).first(std::min(kFixes, ranked.size()))) {
    const std::string points = gain.least == gain.most
                                   ? PointsText(gain.most)
                                   : PointsText(gain.least) + " to " + PointsText(gain.most);
    const std::string label =
        fmt::format("{}, -{} points{}; {}: ", Count(gain.containers, "container"), points,
                    gain.containers == 1 ? "" : " each", key.first);
    const std::size_t room = 2 * page.columns() - 12 - label.size();
    page.Paragraph({.indent = 2}, label + PrintableShort(key.second, room));
  }
  page.Blank();
}

void WriteInfrastructure(Page& page, const Reading& reading, const Judged& containers) {
  if (containers.empty()) return;
  std::vector<std::string> full;
  for (const ContainerReport* judged : containers) {
    full.push_back(FullName(reading.in.snapshot, reading.ContainerOf(*judged)));
  }
  const std::vector<std::string_view> names(full.begin(), full.end());
  page.Paragraph({.text = "INFRASTRUCTURE", .indent = kIndent, .style = Style::kBold},
                 fmt::format("{}: {}; {}", Count(containers.size(), "container"),
                             GradeCounts(containers), ShortList(names, {.most = 3, .width = 24})));
}

void WriteHost(Page& page, const Reading& reading) {
  const HostReport& host = reading.in.report.host;
  std::vector<std::string> failing;
  std::size_t unknown = 0;
  for (const Finding* finding : Violations(reading, host.findings)) {
    const Control& control = reading.ControlOf(*finding);
    if (finding->status == Status::kUnknown) ++unknown;
    if (finding->status == Status::kFail) failing.push_back(control.id + " " + control.title);
  }
  const std::size_t shown = std::min<std::size_t>(failing.size(), 2);
  std::string text = fmt::format(
      "score {}, {}", ScoreText(host.score, reading.in.benchmark.scoring), GradeText(host.score));
  if (unknown > 0) text += fmt::format(", {} unknown", unknown);
  text += shown == 0 ? "; no violation" : "";
  for (std::size_t i = 0; i < shown; ++i) text += "; " + PrintableShort(failing[i], 60);
  if (shown < failing.size()) text += fmt::format("; and {} more", failing.size() - shown);
  page.Paragraph({.text = "HOST", .indent = kIndent, .style = Style::kBold}, text);
}

// What helps against a failure to read.
std::string_view RemedyFor(ErrorCode code) {
  switch (code) {
    case ErrorCode::kDenied:
      return "run as root, or with CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH";
    case ErrorCode::kNotFound:
    case ErrorCode::kUnsupported:
      return "this kernel lacks the file or was built without it";
    case ErrorCode::kVanished:
      return "it ended while it was read: look again";
    case ErrorCode::kVantage:
      return "look from the host's own namespaces";
    case ErrorCode::kTruncated:
      return "more than is read";
    case ErrorCode::kMalformed:
    case ErrorCode::kIo:
    case ErrorCode::kNotRead:
      return "";
  }
  return "";
}

// Findings that are unknown for the same reason.
struct Ignorance {
  std::set<std::uint16_t> controls;
  std::size_t containers = 0;
  bool host = false;
};

std::string ReasonOf(const Report& report, const Finding& finding) {
  if (finding.evidence_begin == finding.evidence_end) return "not all of it could be read";
  const FindingEvidence& line = report.evidence[finding.evidence_begin];
  if (line.error_number == 0) return Clip(report.strings[line.fact], 60);
  const ErrorCode code = CodeOfErrno(line.error_number);
  const std::string_view remedy = RemedyFor(code);
  return fmt::format("{}{}{}", NameOf(code), remedy.empty() ? "" : ": ", remedy);
}

// The reasons of one list of findings, each once.
std::set<std::string> AddIgnorance(std::map<std::string, Ignorance>& reasons, const Report& report,
                                   std::span<const Finding> findings) {
  std::set<std::string> own;
  for (const Finding& finding : findings) {
    if (finding.status != Status::kUnknown) continue;
    const std::string reason = ReasonOf(report, finding);
    reasons[reason].controls.insert(finding.control);
    own.insert(reason);
  }
  return own;
}

std::map<std::string, Ignorance> ReasonsOf(const Report& report) {
  std::map<std::string, Ignorance> reasons;
  for (const std::string& reason : AddIgnorance(reasons, report, report.host.findings)) {
    reasons[reason].host = true;
  }
  for (const ContainerReport& judged : report.containers) {
    for (const std::string& reason : AddIgnorance(reasons, report, judged.findings)) {
      ++reasons[reason].containers;
    }
  }
  return reasons;
}

std::string PlacesOf(const Ignorance& ignorance) {
  if (ignorance.containers == 0) return "the host";
  const std::string containers = Count(ignorance.containers, "container");
  return ignorance.host ? containers + " and the host" : containers;
}

void WriteUnknown(Page& page, const Reading& reading) {
  const auto reasons = ReasonsOf(reading.in.report);
  std::vector<std::pair<std::string, Ignorance>> ranked(reasons.begin(), reasons.end());
  std::ranges::stable_sort(ranked, std::ranges::greater{}, [](const auto& each) {
    return std::pair(each.second.containers, each.second.controls.size());
  });
  std::string_view label = "UNKNOWN";
  for (const auto& [reason, ignorance] :
       std::span(ranked).first(std::min(kUnknownReasons, ranked.size()))) {
    std::vector<std::string_view> ids;
    ids.reserve(ignorance.controls.size());
    for (const std::uint16_t control : ignorance.controls) {
      ids.push_back(reading.in.benchmark.controls[control].id);
    }
    page.Paragraph({.text = std::exchange(label, ""), .indent = kIndent, .style = Style::kBold},
                   fmt::format("{} in {}: {}", ShortList(ids, {.most = 2, .width = 12}),
                               PlacesOf(ignorance), reason));
  }
  if (ranked.size() > kUnknownReasons) {
    page.Paragraph({.indent = kIndent},
                   fmt::format("and {}", Count(ranked.size() - kUnknownReasons, "more reason")));
  }
}

void WriteClosing(Page& page, const Reading& reading) {
  page.Paragraph({.text = "NOT SEEN", .indent = kIndent, .style = Style::kBold},
                 "Landlock, SELinux and BPF policies, network "
                 "policy, insides of VMs, short-lived processes, stopped containers, kernel bugs");
  page.Paragraph({.text = "READ ON", .indent = kIndent, .style = Style::kBold},
                 fmt::format("\"{} explain ID\": why, what is read, how to fix it",
                             Clip(reading.in.options.command, 60)));
}

// The containers of a report by how a reader meets them.
struct Audience {
  Judged workloads;  // All but infrastructure: attention and typical.
  Judged attention, typical, infrastructure;
};

Audience Sort(const Reading& reading) {
  Audience audience;
  for (const ContainerReport& judged : reading.in.report.containers) {
    if (IsInfrastructure(reading.in, reading.ContainerOf(judged))) {
      audience.infrastructure.push_back(&judged);
      continue;
    }
    audience.workloads.push_back(&judged);
    const bool today = NeedsAttention(judged.score, reading.in.benchmark.scoring);
    (today ? audience.attention : audience.typical).push_back(&judged);
  }
  SortWorstFirst(audience.attention);
  SortWorstFirst(audience.infrastructure);
  return audience;
}

void WriteAbove(Page& page, const Reading& reading) {
  WriteHeadline(page, reading.in);
  page.Blank();
  WriteLimitedView(page, reading.in);
}

// With an accepted report: who needs attention as before, in a line.
void WriteKnown(Page& page, const Reading& reading, const Audience& audience) {
  if (reading.in.news == nullptr || audience.attention.empty()) return;
  page.Paragraph(
      {.text = "ALL IN ALL", .indent = kIndent, .style = Style::kBold},
      fmt::format("{} that need attention, accepted or new: {}; see DETAILS",
                  Count(audience.attention.size(), "container"), GradeCounts(audience.attention)));
}

void WriteBelow(Page& page, const Reading& reading, const Audience& audience) {
  WriteFixes(page, reading, audience.workloads);
  WriteKnown(page, reading, audience);
  if (!audience.typical.empty()) {
    page.Paragraph(
        {.text = "TYPICAL", .indent = kIndent, .style = Style::kBold},
        fmt::format("{} without such a violation: {}", Count(audience.typical.size(), "container"),
                    GradeCounts(audience.typical)));
  }
  WriteInfrastructure(page, reading, audience.infrastructure);
  WriteHost(page, reading);
  WriteUnknown(page, reading);
  WriteSite(page, reading.in);
  WriteClosing(page, reading);
}

// Lines of a screen that are left for the list of containers.
std::size_t RoomForAttention(const Page& page, const Reading& reading, const Audience& audience) {
  constexpr std::size_t kAround = 3;  // Heading, column names, blank.
  Page trial([](std::string_view) {}, static_cast<int>(page.columns()), false);
  WriteAbove(trial, reading);
  WriteBelow(trial, reading, audience);
  return std::max(kLeastAttention, kScreen - std::min(kScreen, trial.lines() + kAround));
}

}  // namespace

void WriteOverview(Page& page, const Reading& reading) {
  const Audience audience = Sort(reading);
  WriteAbove(page, reading);
  if (reading.in.news != nullptr) {
    WriteNews(page, reading, RoomForAttention(page, reading, audience));
  } else if (!audience.workloads.empty()) {
    WriteAttention(page, reading, audience.attention, RoomForAttention(page, reading, audience));
  }
  WriteBelow(page, reading, audience);
}

}  // namespace hullmark
