// SPDX-License-Identifier: Apache-2.0
#include "agent/sinks/reading.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/sinks/page.h"
#include "agent/sinks/report_sinks.h"
#include "agent/sinks/values.h"
#include "hullmark/benchmark.h"
#include "hullmark/report.h"
#include "hullmark/selector.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

const Finding* FindFailing(std::span<const Finding> findings, std::uint16_t control) {
  const auto at = std::ranges::find(findings, control, &Finding::control);
  return at != findings.end() && at->status == Status::kFail ? &*at : nullptr;
}

bool IsQuiet(Status status) {
  switch (status) {
    case Status::kPass:
    case Status::kNotApplicable:
    case Status::kManual:
      return true;
    case Status::kFail:
    case Status::kUnknown:
    case Status::kWaived:
      return false;
  }
  return false;
}

}  // namespace

Reading Read(const ReportInput& input) {
  const auto& controls = input.benchmark.controls;
  Reading reading = {.in = input, .explains = {}};
  reading.explains.resize(controls.size());
  for (std::size_t i = 0; i < controls.size(); ++i) {
    for (const std::string& id : controls[i].explains) {
      const auto at = std::ranges::find(controls, id, &Control::id);
      if (at == controls.end()) continue;
      reading.explains[i].push_back(static_cast<std::uint16_t>(at - controls.begin()));
    }
    std::ranges::sort(reading.explains[i]);
  }
  return reading;
}

Fix FixFor(const Control& control, const Container& container) {
  const Remediation& fix = control.remediation;
  const bool service = container.container_class == ContainerClass::kService ||
                       container.runtime == Runtime::kSystemd ||
                       container.runtime == Runtime::kNspawn;
  if (container.kubernetes) return {.dialect = "kubernetes", .text = fix.kubernetes};
  if (service) return {.dialect = "systemd", .text = fix.systemd};
  if (container.compose) return {.dialect = "compose", .text = fix.compose};
  if (container.runtime == Runtime::kPodman) return {.dialect = "podman", .text = fix.podman};
  return {.dialect = "docker", .text = fix.docker};
}

Fix HostFix(const Control& control) {
  return {.dialect = "host", .text = control.remediation.host};
}

bool IsInfrastructure(const ReportInput& in, const Container& container) {
  switch (container.container_class) {
    case ContainerClass::kPause:
    case ContainerClass::kService:
      return true;
    case ContainerClass::kContainer:
    case ContainerClass::kSandbox:
    case ContainerClass::kVm:
      break;
  }
  const Selector& named = in.options.infrastructure;
  return !IsEmpty(named) && Selects(named, in.snapshot, container, Belief::kRootOnly);
}

bool NeedsAttention(const Score& score, const Scoring& scoring) {
  if (score.critical) return true;
  if (score.grade) return *score.grade == Grade::kD || *score.grade == Grade::kF;
  return score.exposure_known > MilliPoints{scoring.grade_bounds[2]} * 1000;
}

std::vector<const Finding*> Violations(const Reading& reading, std::span<const Finding> findings) {
  std::vector<bool> folded(reading.explains.size());
  for (const Finding& finding : findings) {
    if (finding.status != Status::kFail) continue;
    for (const std::uint16_t control : reading.explains[finding.control]) folded[control] = true;
  }
  std::vector<const Finding*> violations;
  for (const Finding& finding : findings) {
    const bool told = finding.status == Status::kFail && folded[finding.control];
    if (!IsQuiet(finding.status) && !told) violations.push_back(&finding);
  }
  std::ranges::stable_sort(violations, std::ranges::greater{}, &Finding::points);
  return violations;
}

std::vector<const Finding*> Folded(const Reading& reading, const Finding& finding,
                                   std::span<const Finding> findings) {
  std::vector<const Finding*> folded;
  if (finding.status != Status::kFail) return folded;
  for (const std::uint16_t control : reading.explains[finding.control]) {
    const Finding* explained = FindFailing(findings, control);
    if (explained != nullptr) folded.push_back(explained);
  }
  return folded;
}

const Finding* MainViolation(const Reading& reading, std::span<const Finding> findings) {
  const Finding* main = nullptr;
  for (const Finding& finding : findings) {
    if (finding.status != Status::kFail) continue;
    if (!reading.explains[finding.control].empty()) return &finding;
    if (main == nullptr || finding.points > main->points) main = &finding;
  }
  return main;
}

std::string ScoreText(const Score& score, const Scoring& scoring) {
  return fmt::format("{:.1f}", ScoreOf(score.exposure, scoring));
}

std::string_view GradeText(const Score& score) { return score.grade ? NameOf(*score.grade) : "-"; }

Style StyleOf(const Score& score) {
  if (score.critical) return Style::kRed;
  if (!score.grade) return Style::kYellow;
  switch (*score.grade) {
    case Grade::kA:
    case Grade::kB:
      return Style::kGreen;
    case Grade::kC:
      return Style::kPlain;
    case Grade::kD:
      return Style::kYellow;
    case Grade::kF:
      return Style::kRed;
  }
  return Style::kPlain;
}

std::string FullName(const Snapshot& snapshot, const Container& container) {
  const std::string name(CallName(snapshot, container));
  const std::string_view pod =
      container.kubernetes ? snapshot.Text(container.kubernetes->pod) : std::string_view{};
  return pod.empty() ? name : std::string(pod) + "/" + name;
}

std::string Count(std::uint64_t number, std::string_view noun) {
  return fmt::format("{} {}{}", number, noun, number == 1 ? "" : "s");
}

std::string ShortList(std::span<const std::string_view> names, ListShape shape) {
  std::string list;
  const std::size_t shown = names.size() <= shape.most + 1 ? names.size() : shape.most;
  for (const std::string_view name : names.first(shown)) {
    if (!list.empty()) list += ", ";
    list += Clip(name, shape.width);
  }
  if (shown < names.size()) list += fmt::format(" and {} more", names.size() - shown);
  return list;
}

}  // namespace hullmark
