// SPDX-License-Identifier: Apache-2.0
#include "agent/enforce/rollback.h"

#include <cstdint>
#include <expected>
#include <optional>
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

struct Restored {
  bool failed = false;
  std::string text{};
};

std::string NameOf(const LimitChange& change) {
  return change.file + (change.device.empty() ? "" : " of " + change.device);
}

// What comes back when a change goes: the value of the newest one below it, else what was there
// before all of them. nullopt: a younger one is in force, and stays so.
std::optional<std::string> ValueBelow(const ActionBook& book, std::uint64_t id,
                                      const LimitChange& change, const std::string& current) {
  std::string value = change.former;
  for (const HeldChange& other : book.HeldAt(change)) {
    // Between changes of two formers somebody else has set the value.
    if (other.id == id || other.change->former != change.former) continue;
    if (other.id < id) value = other.change->value;
    if (other.id > id && IsOurs(*other.change, current)) return std::nullopt;
  }
  return value;
}

// The file has somebody else's value. A unit that has ours yet would overwrite it some day.
Result<void> LeaveToOthers(const UnitLimits& units, const Fd& place, LimitChange change,
                           const std::string& theirs) {
  if (change.unit.empty() || !CheckUnit(units, change, change.value)) return {};
  change.former = theirs;
  const auto left = SetLimit(units, place, change, theirs);
  return left ? CheckUnit(units, change, theirs) : left;
}

Restored RestoreOne(const ActionBook& book, std::uint64_t id, const LimitChange& change,
                    const RollBackLimits& limits) {
  const std::string name = NameOf(change);
  if (!IsOfLimit(change)) return {.text = "void: " + name + " is nothing that is ever changed"};
  const auto place = OpenPlace(change.place);
  if (!place && place.error().code == ErrorCode::kVanished) return {.text = "its cgroup is gone"};
  if (!place) return {.failed = true, .text = place.error().message};
  if (!limits.is_place(*place)) {
    return {.text = "void: " + change.place.directory + " is no cgroup"};
  }
  const auto current = CurrentValue(*place, change);
  if (!current && current.error().code == ErrorCode::kNotFound) {
    return {.text = name + " is gone"};
  }
  if (!current) return {.failed = true, .text = current.error().message};
  const auto below = ValueBelow(book, id, change, *current);
  if (!below) return {.text = name + " stays: a younger action has set it to " + *current};
  const bool is_as_it_was = *current == *below;
  // Somebody who outlived us may have restored the file alone.
  if (is_as_it_was && CheckUnit(limits.units, change, *below)) {
    return {.text = name + " is as it was"};
  }
  if (!is_as_it_was && !IsOurs(change, *current)) {
    const auto left = LeaveToOthers(limits.units, *place, change, *current);
    if (!left) return {.failed = true, .text = left.error().message};
    return {.text = name + " stays: somebody else has set it to " + *current};
  }
  auto restored = SetLimit(limits.units, *place, change, *below);
  if (restored) restored = CheckUnit(limits.units, change, *below);
  if (!restored) return {.failed = true, .text = restored.error().message};
  return {.text = name + " is " + *below + " again"};
}

}  // namespace

ActionOutcome RollBack(const ActionBook& book, std::uint64_t id, const RollBackLimits& limits) {
  const BookedAction& booked = book.actions().at(id);
  if (booked.began.boot_id != limits.boot_id) {
    return {.text = "void: the host was restarted since"};
  }
  ActionOutcome outcome;
  for (const LimitChange& change : booked.changes | std::views::reverse) {
    const Restored one = RestoreOne(book, id, change, limits);
    if (one.failed) outcome.result = ActionResult::kFailed;
    outcome.text += (outcome.text.empty() ? "" : "; ") + one.text;
  }
  return outcome;
}

}  // namespace hullmark
