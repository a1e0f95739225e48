// SPDX-License-Identifier: Apache-2.0
#include <fmt/core.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "agent/sinks/page.h"
#include "agent/sinks/reading.h"
#include "agent/sinks/report_sinks.h"
#include "agent/sinks/values.h"
#include "hullmark/benchmark.h"
#include "hullmark/check.h"
#include "hullmark/ids.h"
#include "hullmark/limits.h"
#include "hullmark/report.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

constexpr std::size_t kScoreIndent = 9;  // Where what is said of a container begins.
constexpr std::size_t kIndent = 24;      // Where the texts of findings begin.
constexpr std::size_t kMostText = 300;

// Containers that read the same; the first stands for all.
using Group = std::vector<const ContainerReport*>;

// ---- limits ----

struct LimitText {
  std::string_view unit;

  std::string operator()(std::monostate) const { return "no limit"; }
  std::string operator()(Fault fault) const {
    return fmt::format("unknown ({})", NameOf(fault.code));
  }
  std::string operator()(std::uint64_t value) const {
    return unit == "bytes" ? BytesText(value) : std::to_string(value);
  }
  std::string operator()(double value) const { return fmt::format("{:.4g} {}", value, unit); }
  std::string operator()(bool value) const { return value ? "yes" : "no"; }
  std::string operator()(std::string_view value) const { return Clip(value, 60); }
  std::string operator()(const std::vector<IoLimit>* value) const {
    return Count(value->size(), "device") + " throttled";
  }
};

// "memory 512 MiB, pids 100; no limit: swap, io; unknown (permission denied): cpu quota".
std::string LimitsText(const Snapshot& snapshot, const Container& container) {
  std::map<std::string, std::string> lists;  // By what is said of their members.
  for (const LimitRow& row : LimitsOf(snapshot, container)) {
    const bool unlimited = std::holds_alternative<std::monostate>(row.value);
    if (unlimited && !row.ceiling) continue;
    std::string name(row.name);
    std::ranges::replace(name, '_', ' ');
    const std::string value = std::visit(LimitText{row.unit}, row.value);
    const bool known = !unlimited && !std::holds_alternative<Fault>(row.value);
    std::string& list = lists[known ? "" : "; " + value + ": "];
    list += (list.empty() ? "" : ", ") + name + (known ? ' ' + value : "");
  }
  std::string text;
  for (const auto& [label, list] : lists) text += label + list;
  return text.starts_with("; ") ? text.substr(2) : text;
}

// ---- findings ----

std::string PlaceOf(const ReportInput& in, const FindingEvidence& line) {
  std::string place = Clip(PathOf(in.snapshot, in.report, line), kMostText);
  if (place.empty() && line.pid) place = fmt::format("pid {}", std::to_underlying(*line.pid));
  if (line.error_number != 0) {
    // NOLINTNEXTLINE(misc-include-cleaner): a GNU extension, which <cstring> brings along.
    const char* name = strerrorname_np(line.error_number);
    place += place.empty() ? "" : ": ";
    place += name == nullptr ? fmt::format("errno {}", line.error_number) : name;
  }
  return place;
}

// A line per distinct fact, with the place where it was read first.
void WriteProof(Page& page, const ReportInput& in, const Finding& finding) {
  const Report& report = in.report;
  std::set<std::string_view> told;
  for (std::uint32_t i = finding.evidence_begin; i < finding.evidence_end; ++i) {
    const FindingEvidence& line = report.evidence[i];
    const std::string_view fact = report.strings[line.fact];
    if (!told.insert(fact).second) continue;
    std::string place = PlaceOf(in, line);
    if (told.size() == 1 && finding.offenders > 1) {
      place += fmt::format("{}{} tasks", place.empty() ? "" : ", ", finding.offenders);
    }
    std::string text = Clip(fact, kMostText);
    if (!place.empty()) text += " (" + place + ")";
    page.Paragraph({.indent = kIndent}, text);
  }
  const std::string_view note = report.strings[finding.note];
  if (!note.empty()) page.Paragraph({.indent = kIndent}, note);
}

// What the score would be were this finding alone fixed: " [50.7->55.1]".
std::string Lift(const Score& score, const Finding& finding, const Scoring& scoring) {
  if (finding.points == 0 || finding.status == Status::kWaived) return "";
  const std::string now = fmt::format("{:.1f}", ScoreOf(score.exposure, scoring));
  const std::string then = fmt::format("{:.1f}", ScoreOf(score.exposure - finding.points, scoring));
  return now == then ? "" : fmt::format(" [{}->{}]", now, then);
}

Style StyleOf(const Finding& finding) {
  if (finding.status != Status::kFail) return Style::kYellow;
  switch (finding.severity) {
    case Severity::kCritical:
      return Style::kRed;
    case Severity::kHigh:
      return Style::kYellow;
    case Severity::kMedium:
    case Severity::kLow:
    case Severity::kInfo:
      return Style::kPlain;
  }
  return Style::kPlain;
}

// Who is judged: the findings, the score they make, and how its fixes are worded.
struct Subject {
  std::span<const Finding> findings;
  const Score& score;
  std::function<Fix(const Control&)> fix;
};

bool IsNew(const Reading& reading, const Finding& finding) {
  return reading.in.news != nullptr && IsTold(reading, finding);
}

void WriteFinding(Page& page, const Reading& reading, const Subject& subject,
                  const Finding& finding) {
  const Control& control = reading.ControlOf(finding);
  const Fix fix = subject.fix(control);
  const bool fails = finding.status == Status::kFail;
  const std::string label =
      fmt::format("  {:<8}{:>5} {:<8}", fails ? NameOf(finding.severity) : NameOf(finding.status),
                  PointsText(finding.points), control.id);
  page.Paragraph({.text = label, .indent = kIndent, .style = StyleOf(finding)},
                 control.title + Lift(subject.score, finding, reading.in.benchmark.scoring) +
                     (IsNew(reading, finding) ? " NEW" : ""));
  if (finding.escalated && control.escalation) {
    page.Paragraph({.indent = kIndent},
                   fmt::format("worse together with {}", control.escalation->with));
  }
  if (finding.waiver) {
    page.Paragraph({.indent = kIndent}, WaiverText(reading.in.waivers[*finding.waiver]));
  }
  WriteProof(page, reading.in, finding);
  if (fails && !fix.text.empty()) {
    page.Prose({.indent = kIndent}, fmt::format("{}: {}", fix.dialect, fix.text));
  }
  const auto folded = Folded(reading, finding, subject.findings);
  if (folded.empty()) return;
  std::string ids = fmt::format("explains {}:", Count(folded.size(), "more violation"));
  for (const Finding* each : folded) ids += ' ' + reading.ControlOf(*each).id;
  page.Paragraph({.indent = kIndent}, ids);
}

// The ids of what costs nothing, which few want to read about.
void WriteFree(Page& page, const Reading& reading, std::span<const Finding* const> findings) {
  std::string ids;
  for (const Finding* finding : findings) {
    ids += (ids.empty() ? "" : ", ") + reading.ControlOf(*finding).id;
    if (finding->status != Status::kFail) ids += fmt::format(" ({})", NameOf(finding->status));
  }
  if (ids.empty()) return;
  page.Paragraph({.text = "  info        0", .indent = kIndent}, ids);
}

// What --verbose adds: the findings that cost nothing.
void WriteRest(Page& page, const Reading& reading, std::span<const Finding> findings) {
  for (const Finding& finding : findings) {
    const bool passed = finding.status == Status::kPass;
    if (!passed && finding.status != Status::kNotApplicable && finding.status != Status::kManual) {
      continue;
    }
    const Control& control = reading.ControlOf(finding);
    const std::string_view note = reading.in.report.strings[finding.note];
    const std::string_view status =
        finding.status == Status::kNotApplicable ? "n/a" : NameOf(finding.status);
    page.Paragraph(
        {.text = fmt::format("  {:<8}{:>5} {:<8}", status, "", control.id), .indent = kIndent},
        note.empty() ? control.title : fmt::format("{} ({})", control.title, note));
  }
}

std::string ScoreLine(const Score& score, std::span<const Finding> findings,
                      const Scoring& scoring) {
  const auto fails = std::ranges::count(findings, Status::kFail, &Finding::status);
  const auto unknown = std::ranges::count(findings, Status::kUnknown, &Finding::status);
  std::string text = fmt::format("exposure {}, {}", PointsText(score.exposure),
                                 Count(static_cast<std::uint64_t>(fails), "violation"));
  if (unknown > 0) text += fmt::format(", {} unknown", unknown);
  const auto waived = std::ranges::count(findings, Status::kWaived, &Finding::status);
  if (waived > 0) text += fmt::format(", {} waived", waived);
  if (score.exposure_known != score.exposure) {
    text += fmt::format(": score between {:.1f} and {:.1f}, coverage {:.0f} %",
                        ScoreOf(score.exposure, scoring), ScoreOf(score.exposure_known, scoring),
                        100 * score.coverage());
  }
  if (score.exposure_unwaived != score.exposure) {
    text += fmt::format(", {:.1f} without waivers", ScoreOf(score.exposure_unwaived, scoring));
  }
  return text;
}

void WriteFindings(Page& page, const Reading& reading, const Subject& subject) {
  page.Paragraph({.indent = kScoreIndent},
                 ScoreLine(subject.score, subject.findings, reading.in.benchmark.scoring));
  const bool verbose = reading.in.options.verbose;
  std::vector<const Finding*> free;
  for (const Finding* finding : Violations(reading, subject.findings)) {
    if (finding->points == 0 && !verbose) {
      free.push_back(finding);
    } else {
      WriteFinding(page, reading, subject, *finding);
    }
  }
  WriteFree(page, reading, free);
  if (verbose) WriteRest(page, reading, subject.findings);
}

// ---- containers ----

// What kind of thing it is and what it is said to run: "docker, nginx:1.25, prod/web".
std::string Description(const Snapshot& snapshot, const Container& container) {
  std::string text(NameOf(container.runtime));
  if (container.container_class != ContainerClass::kContainer) {
    text += fmt::format(" {}", NameOf(container.container_class));
  }
  if (container.image) text += ", " + Clip(snapshot.Text(*container.image), 60);
  if (container.kubernetes) {
    text += fmt::format(", {}/{}", Clip(snapshot.Text(container.kubernetes->name_space), 40),
                        Clip(snapshot.Text(container.kubernetes->pod), 40));
  }
  return text;
}

// Equal for containers whose details would read the same but for names, pids and paths below them.
std::string Likeness(const Reading& reading, const ContainerReport& judged) {
  const Container& container = reading.ContainerOf(judged);
  const Report& report = reading.in.report;
  std::string key = Description(reading.in.snapshot, container);
  key += LimitsText(reading.in.snapshot, container);
  const auto add = [&](auto value) {
    static_assert(std::has_unique_object_representations_v<decltype(value)>);
    key.append(reinterpret_cast<const char*>(&value), sizeof value);
  };
  for (const StringId note : container.notes) add(note);
  for (const Finding& finding : judged.findings) {
    add(finding.status);
    add(finding.severity);
    add(finding.points);
    add(finding.note);
    add(finding.waiver.value_or(UINT32_MAX));
    key += IsNew(reading, finding) ? 'n' : 'o';
    for (std::uint32_t i = finding.evidence_begin; i < finding.evidence_end; ++i) {
      add(report.evidence[i].fact);
    }
  }
  return key;
}

std::vector<Group> Alike(const Reading& reading) {
  std::vector<Group> groups;
  std::unordered_map<std::string, std::size_t> known;
  for (const ContainerReport& judged : reading.in.report.containers) {
    const auto [at, added] = known.try_emplace(Likeness(reading, judged), groups.size());
    if (added) groups.emplace_back();
    groups[at->second].push_back(&judged);
  }
  std::ranges::stable_sort(groups, std::ranges::greater{},
                           [](const Group& group) { return group[0]->score.exposure; });
  return groups;
}

std::string NamesOf(const Reading& reading, const Group& group) {
  std::vector<std::string_view> names;
  names.reserve(group.size());
  for (const ContainerReport* judged : group) {
    names.push_back(CallName(reading.in.snapshot, reading.ContainerOf(*judged)));
  }
  const std::size_t most = reading.in.options.verbose ? names.size() : 6;
  const std::string list = ShortList(names, {.most = most, .width = 64});
  return group.size() == 1 ? list : fmt::format("{}: {}", Count(group.size(), "container"), list);
}

void WriteTitle(Page& page, const Reading& reading, const Score& score, std::string_view who) {
  const std::string text =
      fmt::format("{} {:>5}", GradeText(score), ScoreText(score, reading.in.benchmark.scoring));
  page.Blank();
  page.Paragraph({.text = text, .indent = kScoreIndent, .style = StyleOf(score)}, who);
}

void WriteGroup(Page& page, const Reading& reading, const Group& group) {
  const ContainerReport& judged = *group[0];
  const Container& container = reading.ContainerOf(judged);
  const Snapshot& snapshot = reading.in.snapshot;
  WriteTitle(page, reading, judged.score,
             fmt::format("{} ({})", NamesOf(reading, group), Description(snapshot, container)));
  page.Paragraph({.indent = kScoreIndent}, "limits: " + LimitsText(snapshot, container));
  for (const StringId note : container.notes) {
    page.Paragraph({.indent = kScoreIndent}, "note: " + Clip(snapshot.Text(note), kMostText));
  }
  WriteFindings(page, reading,
                {.findings = judged.findings,
                 .score = judged.score,
                 .fix = [&](const Control& control) { return FixFor(control, container); }});
}

void WriteHost(Page& page, const Reading& reading) {
  const HostReport& host = reading.in.report.host;
  WriteTitle(page, reading, host.score, "the host");
  WriteFindings(page, reading, {.findings = host.findings, .score = host.score, .fix = HostFix});
}

}  // namespace

void WriteDetails(Page& page, const Reading& reading) {
  page.Heading("DETAILS: severity, points, violated control [score now->with this alone fixed]");
  for (const Group& group : Alike(reading)) WriteGroup(page, reading, group);
  WriteHost(page, reading);
}

}  // namespace hullmark
