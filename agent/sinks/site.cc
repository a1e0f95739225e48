// SPDX-License-Identifier: Apache-2.0
#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/sinks/page.h"
#include "agent/sinks/reading.h"
#include "agent/sinks/report_sinks.h"
#include "agent/sinks/values.h"
#include "hullmark/benchmark.h"
#include "hullmark/report.h"
#include "hullmark/waiver.h"

namespace hullmark {
namespace {

constexpr std::size_t kIndent = 16;
constexpr std::size_t kMost = 5;  // Lines that a screen has room for.
constexpr std::size_t kReason = 60;

// "FS-009 off (judged elsewhere)", "CAP-008 weight 4 -> 2", "NS-001 params.allowed = [a]".
std::string ChangeText(const Override& change) {
  std::string text = change.control.empty() ? "scoring" : change.control;
  if (change.what == "disabled") {
    text += " off";
  } else if (change.from.empty()) {
    text += fmt::format(" {} = {}", change.what, Clip(change.to, kReason));
  } else {
    text += fmt::format(" {} {} -> {}", change.what, change.from, change.to);
  }
  return change.reason.empty() ? text : fmt::format("{} ({})", text, Clip(change.reason, kReason));
}

void WriteOverrides(Page& page, const ReportInput& in) {
  const auto& changes = in.benchmark.overrides;
  std::string_view label = "OVERRIDES";
  const std::size_t shown =
      in.options.verbose || changes.size() <= kMost + 1 ? changes.size() : kMost;
  for (std::size_t i = 0; i < shown; ++i) {
    page.Paragraph({.text = std::exchange(label, ""), .indent = kIndent, .style = Style::kBold},
                   ChangeText(changes[i]));
  }
  if (shown == changes.size()) return;
  page.Paragraph({.indent = kIndent},
                 fmt::format("and {} more (--verbose)", changes.size() - shown));
}

// What is to be done about a waiver: "expired 2026-10-01: 3 findings of CAP-001 fail again".
std::string NewsOf(const Waiver& waiver, const WaiverUse& use) {
  const std::string control = Clip(waiver.control.pattern(), kReason);
  const std::string findings = fmt::format("{} of {}", Count(use.findings, "finding"), control);
  switch (use.state) {
    case WaiverState::kExpired:
      return fmt::format("expired {}: {} no longer accepted", EndText(waiver.expires), findings);
    case WaiverState::kExpiring:
      return fmt::format("expires {}: {}", EndText(waiver.expires), findings);
    case WaiverState::kUnused:
      return fmt::format("unused: no finding of {} that it may cover", control);
    case WaiverState::kActive:
      break;
  }
  return fmt::format("until {}: {}", EndText(waiver.expires), findings);
}

std::array<std::size_t, kWaiverStates> CountStates(const Report& report) {
  std::array<std::size_t, kWaiverStates> counts = {};
  for (const WaiverUse& use : report.waivers) ++counts[std::to_underlying(use.state)];
  return counts;
}

std::size_t CountWaived(const Report& report) {
  const auto waived = [](const auto& findings) {
    return static_cast<std::size_t>(
        std::ranges::count(findings, Status::kWaived, &Finding::status));
  };
  std::size_t count = waived(report.host.findings);
  for (const ContainerReport& judged : report.containers) count += waived(judged.findings);
  return count;
}

// Waivers that somebody has to look at, the expired first; with --verbose all of them.
std::vector<std::size_t> NewsFirst(const ReportInput& in) {
  constexpr std::array kOrder = {WaiverState::kExpired, WaiverState::kExpiring,
                                 WaiverState::kUnused, WaiverState::kActive};
  std::vector<std::size_t> order;
  for (const WaiverState state : kOrder) {
    if (state == WaiverState::kActive && !in.options.verbose) continue;
    for (std::size_t i = 0; i < in.report.waivers.size(); ++i) {
      if (in.report.waivers[i].state == state) order.push_back(i);
    }
  }
  return order;
}

void WriteWaivers(Page& page, const ReportInput& in) {
  if (in.report.waivers.empty()) return;
  const auto counts = CountStates(in.report);
  std::string text = fmt::format("{} by {}", Count(CountWaived(in.report), "finding") + " waived",
                                 Count(in.report.waivers.size(), "waiver"));
  for (std::size_t i = 1; i < counts.size(); ++i) {
    if (counts[i] > 0)
      text += fmt::format(", {} {}", counts[i], NameOf(static_cast<WaiverState>(i)));
  }
  page.Paragraph({.text = "WAIVERS", .indent = kIndent, .style = Style::kBold}, text);
  const std::vector<std::size_t> order = NewsFirst(in);
  const std::size_t shown = in.options.verbose || order.size() <= kMost + 1 ? order.size() : kMost;
  for (std::size_t i = 0; i < shown; ++i) {
    const Waiver& waiver = in.waivers[order[i]];
    page.Paragraph({.indent = kIndent},
                   fmt::format("{}; {} ({})", NewsOf(waiver, in.report.waivers[order[i]]),
                               Clip(waiver.owner, kReason), waiver.source));
  }
  if (shown == order.size()) return;
  page.Paragraph({.indent = kIndent}, fmt::format("and {} more (--verbose)", order.size() - shown));
}

}  // namespace

void WriteSite(Page& page, const ReportInput& in) {
  WriteWaivers(page, in);
  WriteOverrides(page, in);
}

std::string WaiverText(const Waiver& waiver) {
  std::string text = fmt::format("waived until {} by {}: {}", EndText(waiver.expires), waiver.owner,
                                 waiver.reason);
  if (!waiver.ticket.empty()) text += fmt::format(" [{}]", waiver.ticket);
  return text;
}

}  // namespace hullmark
