// SPDX-License-Identifier: Apache-2.0
#include <fmt/core.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "agent/encode/json_writer.h"
#include "agent/sinks/diff_sinks.h"
#include "agent/sinks/news.h"
#include "agent/sinks/page.h"
#include "agent/sinks/reading.h"
#include "agent/sinks/values.h"
#include "hullmark/check.h"
#include "hullmark/comparison.h"
#include "hullmark/event.h"
#include "hullmark/posture.h"
#include "hullmark/report.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

constexpr std::size_t kIndent = 11;  // Where what is said of a change begins.
constexpr std::size_t kName = 40;    // Bytes of a name.
constexpr std::size_t kProof = 200;  // Bytes of a line of proof.
constexpr std::size_t kMost = 20;    // Lines of a list that is folded.

const PostureContainer& ContainerOf(const Comparison& looks, const SubjectChange& subject) {
  if (subject.after) return looks.after.containers[*subject.after];
  return looks.before.containers[subject.before.value_or(0)];
}

std::string NameIn(const Comparison& looks, const SubjectChange& subject) {
  if (!subject.before && !subject.after) return "the host";
  constexpr std::size_t kShortId = 12;
  const PostureContainer& container = ContainerOf(looks, subject);
  const std::string own =
      container.name.empty() ? container.id.substr(0, kShortId) : container.name;
  return Clip(container.pod.empty() ? own : container.pod + "/" + own, kName);
}

std::string Description(const PostureContainer& container) {
  std::string text(NameOf(container.runtime));
  if (!container.image.empty()) text += ", " + Clip(container.image, kName);
  return text;
}

// ---- changes of controls, each told once for all subjects ----

struct Verdicts {
  const PostureFinding* before;
  const PostureFinding* after;
};

struct Row {
  Severity severity;  // The higher one of the two.
  std::string_view control, title, proof;
  std::string step;  // "high -> critical", "now waived"; "" where the section says it all.
  std::vector<std::string> names{};
};

std::string StepOf(EventKind kind, const Verdicts& verdicts) {
  const auto& [before, after] = verdicts;
  if (kind == EventKind::kViolationChanged) {
    return fmt::format("{} -> {}", NameOf(before->severity), NameOf(after->severity));
  }
  if (kind == EventKind::kViolationResolved) {
    return after == nullptr ? "not judged now" : fmt::format("now {}", NameOf(after->status));
  }
  if (kind == EventKind::kControlUnknown) return fmt::format("was {}", NameOf(before->status));
  const bool plain = before == nullptr || before->status == Status::kPass;
  return plain ? "" : fmt::format("was {}", NameOf(before->status));
}

Severity SeverityOf(const Verdicts& verdicts) {
  Severity severity = Severity::kInfo;
  for (const PostureFinding* finding : {verdicts.before, verdicts.after}) {
    if (finding != nullptr) severity = std::max(severity, finding->severity);
  }
  return severity;
}

class Rows {
 public:
  explicit Rows(EventKind kind) : kind_(kind) {}

  void Add(const Comparison& looks, const SubjectChange& subject) {
    const auto* const before = SubjectBefore(looks, subject);
    const auto* const after = SubjectAfter(looks, subject);
    for (const ControlChange& change : subject.controls) {
      if (change.kind != kind_) continue;
      const Verdicts verdicts = {
          .before = change.before ? &before->findings[*change.before] : nullptr,
          .after = change.after ? &after->findings[*change.after] : nullptr};
      const auto& control = verdicts.after != nullptr
                                ? looks.after.controls[verdicts.after->control]
                                : looks.before.controls[verdicts.before->control];
      const std::string_view proof =
          verdicts.after != nullptr ? std::string_view(verdicts.after->proof) : std::string_view{};
      const Severity severity = SeverityOf(verdicts);
      const std::string step = StepOf(kind_, verdicts);
      const Row row = {.severity = severity,
                       .control = control.id,
                       .title = control.title,
                       .proof = proof,
                       .step = step};
      const auto kept = rows_.try_emplace({severity, control.id, step}, row).first;
      kept->second.names.push_back(NameIn(looks, subject));
    }
  }

  void Write(Page& page, std::string_view heading, bool verbose) const {
    if (rows_.empty()) return;
    page.Heading(heading);
    for (const auto& [key, row] : rows_) WriteRow(page, row, verbose);
    page.Blank();
  }

 private:
  // The most severe first.
  struct Order {
    using Key = std::tuple<Severity, std::string_view, std::string>;
    bool operator()(const Key& a, const Key& b) const {
      if (std::get<0>(a) != std::get<0>(b)) return std::get<0>(a) > std::get<0>(b);
      return a < b;
    }
  };

  static void WriteRow(Page& page, const Row& row, bool verbose) {
    const bool red = row.severity == Severity::kCritical;
    const std::string label = fmt::format("  {}", NameOf(row.severity));
    page.Paragraph({.text = label, .indent = kIndent, .style = red ? Style::kRed : Style::kPlain},
                   fmt::format("{} {}{}", row.control, row.title,
                               row.step.empty() ? "" : " (" + row.step + ")"));
    const std::vector<std::string_view> names(row.names.begin(), row.names.end());
    const std::size_t most = verbose ? names.size() : 6;
    page.Paragraph({.indent = kIndent},
                   "in " + ShortList(names, {.most = most, .width = 2 * kName}));
    if (!row.proof.empty()) page.Paragraph({.indent = kIndent}, Clip(row.proof, kProof));
  }

  EventKind kind_;
  std::map<Order::Key, Row, Order> rows_;
};

// ---- containers ----

struct Line {
  std::string label;
  std::string text;
  Style style = Style::kPlain;
};

void WriteLines(Page& page, std::string_view heading, std::span<const Line> lines, bool verbose) {
  if (lines.empty()) return;
  page.Heading(heading);
  const std::size_t shown = verbose || lines.size() <= kMost + 1 ? lines.size() : kMost;
  for (const Line& line : lines.first(shown)) {
    page.Paragraph({.text = line.label, .indent = kIndent, .style = line.style}, line.text);
  }
  if (shown < lines.size()) {
    page.Paragraph({.indent = 2}, fmt::format("and {} more (--verbose)", lines.size() - shown));
  }
  page.Blank();
}

std::string_view Text(std::optional<Grade> grade) { return grade ? NameOf(*grade) : "-"; }

// "20 violations, the worst critical RUN-001 Container is not privileged".
std::string WorstOf(const Posture& look, const PostureSubject& subject) {
  std::size_t fails = 0;
  const PostureFinding* worst = nullptr;
  for (const PostureFinding& finding : subject.findings) {
    if (finding.status != Status::kFail) continue;
    ++fails;
    if (worst == nullptr || finding.severity > worst->severity) worst = &finding;
  }
  if (worst == nullptr) return "no violation";
  const PostureControl& control = look.controls[worst->control];
  return fmt::format("{}, the worst {} {} {}", Count(fails, "violation"), NameOf(worst->severity),
                     control.id, control.title);
}

bool IsBad(std::optional<Grade> grade) { return grade == Grade::kD || grade == Grade::kF; }

std::vector<Line> NewContainers(const Comparison& looks) {
  std::vector<std::pair<MilliPoints, Line>> found;
  for (const SubjectChange& each : looks.containers) {
    if (!each.added) continue;
    const PostureContainer& container = ContainerOf(looks, each);
    const PostureSubject& subject = container.subject;
    const std::string more = each.before ? ", one more of a known workload" : "";
    found.emplace_back(
        -subject.exposure,
        Line{.label = fmt::format("  {} {:>5.1f}", Text(subject.grade), subject.score),
             .text = fmt::format("{} ({}{}): {}", NameIn(looks, each), Description(container), more,
                                 WorstOf(looks.after, subject)),
             .style = IsBad(subject.grade) ? Style::kRed : Style::kPlain});
  }
  std::ranges::stable_sort(found, {}, &std::pair<MilliPoints, Line>::first);
  std::vector<Line> lines;
  for (auto& [exposure, line] : found) lines.push_back(std::move(line));
  return lines;
}

std::vector<Line> GoneContainers(const Comparison& looks) {
  std::vector<Line> lines;
  for (const SubjectChange& each : looks.containers) {
    if (each.after) continue;
    const PostureContainer& container = ContainerOf(looks, each);
    lines.push_back(
        {.label =
             fmt::format("  {} {:>5.1f}", Text(container.subject.grade), container.subject.score),
         .text = fmt::format("{} ({}): {} went with it", NameIn(looks, each),
                             Description(container), Count(each.controls.size(), "violation"))});
  }
  return lines;
}

// ---- scores ----

std::vector<Line> Moves(const Comparison& looks) {
  std::vector<std::pair<MilliPoints, Line>> found;
  const auto add = [&](const SubjectChange& each) {
    const auto* const before = SubjectBefore(looks, each);
    const auto* const after = SubjectAfter(looks, each);
    if (before == nullptr || after == nullptr || each.added) return;
    const MilliPoints rise = after->exposure - before->exposure;
    if (rise == 0 && before->grade == after->grade) return;
    const std::string grades =
        before->grade == after->grade
            ? std::string(Text(after->grade))
            : fmt::format("{} -> {}", Text(before->grade), Text(after->grade));
    found.emplace_back(
        -std::abs(rise),
        Line{.label = "  " + grades,
             .text = fmt::format("{}: {:.1f} -> {:.1f} ({} points {})", NameIn(looks, each),
                                 before->score, after->score, PointsText(std::abs(rise)),
                                 rise > 0 ? "worse" : "better"),
             .style = rise > 0 ? Style::kYellow : Style::kGreen});
  };
  add(looks.host);
  for (const SubjectChange& each : looks.containers) add(each);
  std::ranges::stable_sort(found, {}, &std::pair<MilliPoints, Line>::first);
  std::vector<Line> lines;
  for (auto& [rise, line] : found) lines.push_back(std::move(line));
  return lines;
}

// ---- the page ----

// "2 violations appeared, 1 was resolved ...": of those that stayed and of those that came or went.
std::string Totals(const Comparison& looks) {
  std::map<EventKind, std::size_t> counts;
  std::size_t added = 0;
  std::size_t gone = 0;
  const auto count = [&](const SubjectChange& each) {
    for (const ControlChange& change : each.controls) ++counts[change.kind];
  };
  count(looks.host);
  for (const SubjectChange& each : looks.containers) {
    count(each);
    added += each.added ? 1 : 0;
    gone += each.after ? 0 : 1;
  }
  return fmt::format(
      "Violations: {} appeared, {} resolved, {} of another severity; {} cannot be read any more. "
      "Containers: {} new, {} gone.",
      counts[EventKind::kViolationAppeared], counts[EventKind::kViolationResolved],
      counts[EventKind::kViolationChanged], counts[EventKind::kControlUnknown], added, gone);
}

// Changes of those that were there and are: what came or went has sections of its own.
void WriteControls(Page& page, const Comparison& looks, EventKind kind, std::string_view heading,
                   bool verbose) {
  Rows rows(kind);
  rows.Add(looks, looks.host);
  for (const SubjectChange& each : looks.containers) {
    if (each.before && each.after) rows.Add(looks, each);
  }
  rows.Write(page, heading, verbose);
}

}  // namespace

void WriteTextDiff(const Comparison& looks, const DiffOptions& options, const ByteSink& sink) {
  Page page(sink, options.columns, options.color);
  const bool verbose = options.verbose;
  page.Heading(fmt::format("{} from {} to {}", Clip(looks.after.host, kName),
                           TimeText(looks.before.taken_at), TimeText(looks.after.taken_at)));
  page.Paragraph({}, Totals(looks));
  for (const std::string& caveat : CaveatsOf(looks)) {
    page.Paragraph({.text = "NOTE", .indent = kIndent, .style = Style::kBold}, caveat);
  }
  page.Blank();
  WriteControls(page, looks, EventKind::kViolationAppeared, "APPEARED", verbose);
  WriteLines(page, "NEW CONTAINERS", NewContainers(looks), verbose);
  WriteControls(page, looks, EventKind::kViolationChanged, "OTHER SEVERITY", verbose);
  WriteControls(page, looks, EventKind::kControlUnknown, "CANNOT BE READ ANY MORE", verbose);
  WriteControls(page, looks, EventKind::kViolationResolved, "RESOLVED", verbose);
  WriteLines(page, "GONE", GoneContainers(looks), verbose);
  WriteLines(page, "SCORES", Moves(looks), verbose);
  page.Finish();
}

}  // namespace hullmark
