// SPDX-License-Identifier: Apache-2.0
#include "agent/enforce/rollback.h"

#include <expected>
#include <ranges>
#include <string>

#include "agent/base/file.h"
#include "agent/enforce/action_book.h"
#include "agent/enforce/limit_change.h"
#include "agent/enforce/unit_limits.h"
#include "hullmark/action.h"
#include "hullmark/result.h"

namespace hullmark {
namespace {

// A v1 freezer on its way is ours too.
bool IsOurs(const LimitChange& change, const std::string& current) {
  return current == change.value || (change.file == "freezer.state" && current == "FREEZING");
}

struct Restored {
  bool failed = false;
  std::string text{};
};

Restored RestoreOne(const LimitChange& change, const UnitLimits& units) {
  const std::string name = change.file + (change.device.empty() ? "" : " of " + change.device);
  const auto place = OpenPlace(change.place);
  if (!place && place.error().code == ErrorCode::kVanished) return {.text = "its cgroup is gone"};
  if (!place) return {.failed = true, .text = place.error().message};
  const auto current = CurrentValue(*place, change);
  if (!current && current.error().code == ErrorCode::kNotFound) {
    return {.text = name + " is gone"};
  }
  if (!current) return {.failed = true, .text = current.error().message};
  const bool is_as_it_was = *current == change.former;
  // Somebody who outlived us may have restored the file alone.
  if (is_as_it_was && CheckUnit(units, change, change.former)) {
    return {.text = name + " is as it was"};
  }
  if (!is_as_it_was && !IsOurs(change, *current)) {
    return {.text = name + " stays: somebody else has set it to " + *current};
  }
  auto restored = SetLimit(units, *place, change, change.former);
  if (restored) restored = CheckUnit(units, change, change.former);
  if (!restored) return {.failed = true, .text = restored.error().message};
  return {.text = name + " is " + change.former + " again"};
}

}  // namespace

ActionOutcome RollBack(const BookedAction& booked, const UnitLimits& units) {
  ActionOutcome outcome;
  for (const LimitChange& change : booked.changes | std::views::reverse) {
    const Restored one = RestoreOne(change, units);
    if (one.failed) outcome.result = ActionResult::kFailed;
    outcome.text += (outcome.text.empty() ? "" : "; ") + one.text;
  }
  return outcome;
}

}  // namespace hullmark
