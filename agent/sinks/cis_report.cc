// SPDX-License-Identifier: Apache-2.0
#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/encode/json_writer.h"
#include "agent/sinks/page.h"
#include "agent/sinks/reading.h"
#include "agent/sinks/report_sinks.h"
#include "agent/sinks/values.h"
#include "hullmark/benchmark.h"
#include "hullmark/report.h"

namespace hullmark {
namespace {

constexpr std::size_t kIndent = 18;
constexpr std::size_t kNames = 3;

// What the findings of its controls make of an item, the worst last.
enum class ItemStatus : std::uint8_t { kManual, kNotApplicable, kPass, kWaived, kUnknown, kFail };
constexpr std::array<std::string_view, 6> kItemNames = {"MANUAL", "N-A",     "PASS",
                                                        "WAIVED", "UNKNOWN", "FAIL"};

std::string_view NameOf(ItemStatus status) { return kItemNames[std::to_underlying(status)]; }

// Our words for the sections, by the first number of their items.
constexpr std::array<std::pair<std::string_view, std::string_view>, 7> kSections = {
    {{"1", "The host"},
     {"2", "The engine's settings"},
     {"3", "The engine's files"},
     {"4", "Images"},
     {"5", "Running containers"},
     {"6", "Operations"},
     {"7", "Swarm"}}};

ItemStatus ItemStatusOf(Status status) {
  switch (status) {
    case Status::kPass:
      return ItemStatus::kPass;
    case Status::kFail:
      return ItemStatus::kFail;
    case Status::kUnknown:
      return ItemStatus::kUnknown;
    case Status::kNotApplicable:
      return ItemStatus::kNotApplicable;
    case Status::kWaived:
      return ItemStatus::kWaived;
    case Status::kManual:
      return ItemStatus::kManual;
  }
  return ItemStatus::kUnknown;
}

// A control's findings over the host and all containers. Nothing to judge is no pass.
struct Tally {
  ItemStatus worst = ItemStatus::kNotApplicable;
  std::vector<std::string_view> places;  // Who has the worst, unless that is good.

  void Add(ItemStatus status, std::string_view place) {
    if (status > worst) {
      worst = status;
      places.clear();
    }
    const bool telling = status == worst && status > ItemStatus::kPass;
    if (telling && std::ranges::find(places, place) == places.end()) places.push_back(place);
  }
};

std::vector<Tally> TallyControls(const ReportInput& in) {
  std::vector<Tally> tallies(in.benchmark.controls.size());
  for (const Finding& finding : in.report.host.findings) {
    tallies[finding.control].Add(ItemStatusOf(finding.status), "the host");
  }
  for (const ContainerReport& judged : in.report.containers) {
    const auto name = CallName(in.snapshot, in.snapshot.containers[judged.container]);
    for (const Finding& finding : judged.findings) {
      tallies[finding.control].Add(ItemStatusOf(finding.status), name);
    }
  }
  return tallies;
}

const Tally* FindTally(const Benchmark& benchmark, std::string_view id,
                       const std::vector<Tally>& tallies) {
  const auto at = std::ranges::find(benchmark.controls, id, &Control::id);
  if (at == benchmark.controls.end()) return nullptr;
  return &tallies[static_cast<std::size_t>(at - benchmark.controls.begin())];
}

void AddTally(Tally& whole, const Tally& tally) {
  whole.Add(tally.worst, "");
  if (tally.worst != whole.worst) return;
  for (const std::string_view place : tally.places) whole.Add(tally.worst, place);
}

Tally TallyItem(const Benchmark& benchmark, const CisItem& item,
                const std::vector<Tally>& tallies) {
  Tally whole;
  if (item.controls.empty()) whole.worst = ItemStatus::kManual;
  for (const std::string& id : item.controls) {
    const Tally* const tally = FindTally(benchmark, id, tallies);
    if (tally != nullptr) AddTally(whole, *tally);
  }
  for (const std::string& id : item.against) {
    const Tally* const tally = FindTally(benchmark, id, tallies);
    if (tally != nullptr && tally->worst == ItemStatus::kFail) AddTally(whole, *tally);
  }
  std::erase(whole.places, "");
  return whole;
}

// Of an item's controls, those that the site has switched off: "FS-009, FS-011".
std::string Disabled(const Benchmark& benchmark, const CisItem& item) {
  std::string ids;
  for (const std::string& id : item.controls) {
    const auto at = std::ranges::find(benchmark.controls, id, &Control::id);
    if (at == benchmark.controls.end() || at->disabled.empty()) continue;
    ids += (ids.empty() ? "" : ", ") + id;
  }
  return ids;
}

Style StyleOf(ItemStatus status) {
  switch (status) {
    case ItemStatus::kFail:
      return Style::kRed;
    case ItemStatus::kUnknown:
    case ItemStatus::kWaived:
      return Style::kYellow;
    case ItemStatus::kPass:
      return Style::kGreen;
    case ItemStatus::kManual:
    case ItemStatus::kNotApplicable:
      return Style::kPlain;
  }
  return Style::kPlain;
}

void WriteItem(Page& page, const CisItem& item, const Tally& tally, std::string_view disabled) {
  page.Paragraph({.text = fmt::format("  {:<7} {:<8}", item.item, NameOf(tally.worst)),
                  .indent = kIndent,
                  .style = StyleOf(tally.worst)},
                 item.subject);
  if (tally.worst == ItemStatus::kManual) {
    page.Paragraph({.indent = kIndent},
                   disabled.empty()
                       ? item.manual
                       : fmt::format("switched off by the site's overrides: {}", disabled));
    return;
  }
  std::string line;
  for (const std::string& id : item.controls) line += (line.empty() ? "" : ", ") + id;
  if (tally.worst == ItemStatus::kFail) {
    for (const std::string& id : item.against) line += (line.empty() ? "" : ", ") + id;
  }
  if (!tally.places.empty()) line += ": " + ShortList(tally.places, {.most = kNames, .width = 40});
  page.Paragraph({.indent = kIndent}, line);
}

void WriteSectionHeading(Page& page, std::string_view number) {
  const auto at =
      std::ranges::find(kSections, number, &std::pair<std::string_view, std::string_view>::first);
  page.Blank();
  page.Heading(fmt::format("{} {}", number, at == kSections.end() ? "" : at->second));
}

void WriteFooter(Page& page, const std::array<std::size_t, kItemNames.size()>& counts) {
  std::size_t all = 0;
  std::string decided;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    all += counts[i];
    if (i == 0 || counts[i] == 0) continue;
    decided += fmt::format("{}{} {}", decided.empty() ? "" : ", ", counts[i], kItemNames[i]);
  }
  const std::size_t manual = counts[0];
  page.Blank();
  page.Paragraph({}, fmt::format("{}: {} decided by controls of hullmark ({}), {} MANUAL: none of "
                                 "them decides these, a person has to look.",
                                 Count(all, "item"), all - manual, decided, manual));
  page.Paragraph({},
                 "The numbers are those of the CIS Docker Benchmark, the words and verdicts are "
                 "hullmark's: running processes are judged, not configuration files. This is no "
                 "certificate.");
}

}  // namespace

void WriteCisReport(const ReportInput& input, const ByteSink& sink) {
  Page page(sink, input.options.columns, input.options.color);
  WriteHeadline(page, input);
  page.Blank();
  WriteLimitedView(page, input);
  page.Heading("CIS Docker items");
  const std::vector<Tally> tallies = TallyControls(input);
  std::array<std::size_t, kItemNames.size()> counts = {};
  std::string_view section;
  for (const CisItem& item : input.benchmark.cis_docker) {
    const auto number = std::string_view(item.item).substr(0, item.item.find('.'));
    if (number != section) WriteSectionHeading(page, section = number);
    Tally tally = TallyItem(input.benchmark, item, tallies);
    const std::string disabled = Disabled(input.benchmark, item);
    // The others alone prove no pass.
    if (!disabled.empty() && tally.worst <= ItemStatus::kPass) tally.worst = ItemStatus::kManual;
    ++counts[std::to_underlying(tally.worst)];
    WriteItem(page, item, tally, disabled);
  }
  WriteFooter(page, counts);
  page.Finish();
}

}  // namespace hullmark
