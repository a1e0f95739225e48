// SPDX-License-Identifier: Apache-2.0
#include "agent/sinks/event_text.h"

#include <fmt/core.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "agent/encode/text.h"
#include "hullmark/action.h"
#include "hullmark/check.h"
#include "hullmark/event.h"
#include "hullmark/policy.h"
#include "hullmark/report.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

constexpr std::size_t kShortId = 12;

std::string PlaceOf(const Event& event) {
  if (event.container_id.empty()) return "host";
  const std::string_view name =
      event.name.empty() ? std::string_view(event.container_id).substr(0, kShortId) : event.name;
  const std::string pod =
      event.pod.empty() ? "" : fmt::format("{}/{}/", event.name_space, event.pod);
  return Printable(fmt::format("{}{} ({})", pod, name, NameOf(event.runtime)));
}

std::string_view GradeText(std::optional<Grade> grade) { return grade ? NameOf(*grade) : "none"; }

std::string WhatOf(const Event& event) {
  if (event.kind == EventKind::kGradeChanged) {
    return fmt::format(": {} -> {}", GradeText(event.former_grade), GradeText(event.grade));
  }
  if (event.action) {
    const EventAction& action = *event.action;
    return fmt::format(": {}{} by rule {} for {} ({}): {}: {}", action.dry_run ? "would " : "",
                       NameOf(action.kind), Printable(action.rule), event.control,
                       Printable(event.evidence), NameOf(action.outcome.result),
                       Printable(action.outcome.text));
  }
  if (event.control.empty()) return "";
  std::string what = ": " + event.control;
  if (event.former_severity) what += fmt::format(" {} ->", NameOf(*event.former_severity));
  if (event.severity) what += fmt::format(" {}", NameOf(*event.severity));
  if (!event.title.empty()) what += ", " + event.title;
  if (!event.evidence.empty()) what += ": " + Printable(event.evidence);
  return what;
}

}  // namespace

std::string EventText(const Event& event) {
  return fmt::format("{} {}{}", NameOf(event.kind), PlaceOf(event), WhatOf(event));
}

}  // namespace hullmark
