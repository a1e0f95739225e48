// SPDX-License-Identifier: Apache-2.0
#include "agent/enforce/executor.h"

#include <chrono>
#include <cstdint>
#include <expected>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "agent/base/file.h"
#include "agent/enforce/action_book.h"
#include "agent/enforce/action_entry.h"
#include "agent/enforce/action_log.h"
#include "agent/enforce/cgroup_tree.h"
#include "agent/enforce/limit_change.h"
#include "agent/enforce/outcome.h"
#include "agent/enforce/plan.h"
#include "agent/enforce/recheck.h"
#include "agent/enforce/rollback.h"
#include "agent/enforce/throttle.h"
#include "agent/enforce/unit_limits.h"
#include "agent/enforce/victim.h"
#include "hullmark/action.h"
#include "hullmark/policy.h"
#include "hullmark/result.h"

namespace hullmark {
namespace {

constexpr int kMostQuarrels = 5;

std::string Join(const std::vector<std::string>& texts) {
  std::string all;
  for (const std::string& text : texts) all += (all.empty() ? "" : "; ") + text;
  return all;
}

std::string InWords(const LimitChange& change) {
  return change.file + (change.device.empty() ? "" : " of " + change.device) + " " + change.former +
         " -> " + change.value + (change.unit.empty() ? "" : " by " + change.unit);
}

}  // namespace

ActionOutcome Executor::Execute(const Action& action, std::int64_t boot_ms,
                                std::chrono::milliseconds patience) {
  const auto turn = parts_.log.Begin(patience);
  if (!turn) return Failed(turn.error().message);
  const auto id = parts_.log.Append({.kind = EntryKind::kIntended, .action = action});
  if (!id) return Failed("not done, it could not be written down: " + id.error().message);
  At("intended");
  const bool pretend = action.dry_run || action.step.kind == ActionKind::kNotify;
  const ActionOutcome outcome =
      pretend ? ActionOutcome{.text = action.dry_run ? "would have been done" : "notice given"}
              : Act(action, *id, boot_ms);
  At("done");
  const auto written =
      parts_.log.Append({.kind = EntryKind::kResult, .id = *id, .outcome = outcome});
  if (!written && outcome.result == ActionResult::kDone) {
    return {.text = outcome.text + " (which could not be written down)"};
  }
  return outcome;
}

ActionOutcome Executor::Act(const Action& action, std::uint64_t id, std::int64_t boot_ms) {
  const ActionTarget& target = action.target;
  const bool of_process = action.step.kind == ActionKind::kKillProcess;
  if (of_process && !target.process) return Aborted("no process is known to offend");
  auto victim = of_process ? Victim::Open(parts_.proc, *target.process, target.process_started)
                           : Victim::Open(parts_.proc, target.life.init, target.life.started);
  if (!victim) return Aborted(victim.error().message);
  At("held");
  const auto confirmed = parts_.look(action);
  if (!confirmed) return Aborted(confirmed.error().message);
  // It lived throughout the look: what was seen under its number was itself.
  if (!victim->IsAlive()) return Aborted("it has ended meanwhile");
  At("confirmed");
  switch (action.step.kind) {
    case ActionKind::kNotify:
      return {};
    case ActionKind::kThrottle:
      return ThrottleNow(action, id, *confirmed);
    case ActionKind::kFreeze:
      return FreezeNow(id, *confirmed);
    case ActionKind::kKillProcess:
    case ActionKind::kKill:
      return Kill(action, id, std::move(*victim), *confirmed, boot_ms);
    case ActionKind::kKillAtExec:  // The kernel's, see ExecGuard.
      return Aborted("nobody is killed at exec from here");
    case ActionKind::kHook:
      return CallHook(action);
  }
  return Failed("no such action");
}

ActionOutcome Executor::CallHook(const Action& action) const {
  const std::string name = "hook " + action.step.hook;
  if (!parts_.call || !parts_.call(action.step.hook, action)) return Failed("there is no " + name);
  return {.text = name + " was called"};
}

Result<void> Executor::Make(std::uint64_t id, LimitChange& change) {
  const auto place = OpenPlace(change.place);
  if (!place) return std::unexpected(place.error());
  if (!parts_.is_place(*place)) {
    return Fail(ErrorCode::kMalformed, change.place.directory + ": it is no cgroup");
  }
  // Upon a change of ours that is in force: both come back to what was there before either, and by
  // the same way.
  const auto below = parts_.log.book().HeldAt(change);
  if (!below.empty() && IsOurs(*below.back().change, change.former)) {
    change.former = below.back().change->former;
    change.unit = below.back().change->unit;
    change.unit_former = below.back().change->unit_former;
  }
  const auto written = parts_.log.Append({.kind = EntryKind::kChange, .id = id, .change = change});
  if (!written) return std::unexpected(written.error());
  At("noted");
  if (parts_.hold) {
    auto held = parts_.hold(id, *place, change);
    if (!held) return held;
    secured_.insert(id);
  }
  At("secured");
  auto applied = SetLimit(parts_.units, *place, change, change.value);
  At("applied");
  return applied;
}

ActionOutcome Executor::ThrottleNow(const Action& action, std::uint64_t id,
                                    const Confirmed& confirmed) {
  if (!confirmed.places) return Aborted("it has no cgroup of its own");
  ThrottlePlan plan = PlanThrottle(action.step.throttle, confirmed);
  std::vector<std::string> done;
  for (LimitChange& change : plan.changes) {
    const auto found = FindUnit(parts_.units, change);
    const auto made = Make(id, change);
    if (!made) {
      plan.notes.push_back(change.file + ": " + made.error().message);
      continue;
    }
    done.push_back(InWords(change));
    const auto by_unit = found ? CheckUnit(parts_.units, change, change.value) : found;
    if (!by_unit) plan.notes.push_back(change.file + " by its file: " + by_unit.error().message);
  }
  const std::string notes = Join(plan.notes);
  if (done.empty()) return Failed(notes.empty() ? "there is nothing to limit" : notes);
  return {.text = Join(done) + (notes.empty() ? "" : " (" + notes + ")")};
}

ActionOutcome Executor::FreezeNow(std::uint64_t id, const Confirmed& confirmed) {
  if (!confirmed.places) return Aborted("it has no cgroup of its own");
  auto change = FreezeChange(*confirmed.places);
  if (!change) return Failed(change.error().message);
  if (IsOurs(*change, change->former)) return Aborted("it is frozen already");
  const auto made = Make(id, *change);
  const auto frozen = made ? AwaitFrozen(*change, parts_.patience) : made;
  if (frozen) return {.text = InWords(*change)};
  static_cast<void>(RestoreAndNote(id, "it does not freeze", true));
  return Failed(frozen.error().message);
}

ActionOutcome Executor::TakeBack(std::uint64_t id, const std::string& why) {
  const auto turn = parts_.log.Begin();
  return RestoreAndNote(id, why, turn.has_value());
}

// Within a turn of the log, if there is one to be had.
ActionOutcome Executor::RestoreAndNote(std::uint64_t id, const std::string& why, bool may_write) {
  const auto& actions = parts_.log.book().actions();
  const auto found = actions.find(id);
  if (found == actions.end() || !found->second.is_held()) return {.text = "nothing is in force"};
  ActionOutcome outcome = RollBack(
      parts_.log.book(), id,
      {.boot_id = parts_.log.Now().boot_id, .units = parts_.units, .is_place = parts_.is_place});
  At("restored");
  if (outcome.result != ActionResult::kDone) return outcome;
  const bool written = NoteUndone(id, outcome, why, may_write);
  if (!written) outcome.text += " (which could not be written down)";
  return outcome;
}

// What cannot be written down now is known to this process at least, and written later.
bool Executor::NoteUndone(std::uint64_t id, const ActionOutcome& outcome, const std::string& why,
                          bool may_write) {
  LetGo(id);
  const ActionEntry entry{.kind = EntryKind::kUndone, .id = id, .outcome = outcome, .why = why};
  if (may_write && parts_.log.Append(entry)) return true;
  parts_.log.Remember(entry);
  unwritten_.push_back(entry);
  return false;
}

bool Executor::TakeBackAll(const std::string& why) {
  bool all = true;
  for (const std::uint64_t id : parts_.log.book().HeldIds()) {
    all = TakeBack(id, why).result == ActionResult::kDone && all;
  }
  return all;
}

void Executor::LetGo(std::uint64_t id) {
  quarrels_.erase(id);
  if (secured_.erase(id) != 0 && parts_.let_go) parts_.let_go(id);
}

// What another process has taken back must not be restored once more when we end.
void Executor::LetGoOfUndone() {
  const std::set<std::uint64_t> secured = secured_;
  for (const std::uint64_t id : secured) {
    const auto found = parts_.log.book().actions().find(id);
    if (found == parts_.log.book().actions().end() || !found->second.is_held()) LetGo(id);
  }
}

// A throttle that a runtime overwrites is written again, ever more rarely, and given up at last. A
// freeze is not: whoever thaws a container means it.
void Executor::Defend(std::uint64_t id, const BookedAction& booked, std::int64_t boot_ms) {
  if (booked.action.step.kind != ActionKind::kThrottle || !booked.outcome) return;
  Quarrel& quarrel = quarrels_[id];
  if (boot_ms < quarrel.next || quarrel.lost >= kMostQuarrels) return;
  quarrel.next = boot_ms + quarrel.wait;
  bool overwritten = false;
  for (const LimitChange& change : booked.changes) {
    // Upon it stands a younger one of ours.
    if (parts_.log.book().HeldAt(change).back().id != id) continue;
    const auto place = OpenPlace(change.place);
    const auto current = place ? CurrentValue(*place, change) : Result<std::string>("");
    if (!place || !current || IsOurs(change, *current)) continue;
    overwritten = true;
    if (quarrel.lost + 1 < kMostQuarrels) {
      static_cast<void>(SetLimit(parts_.units, *place, change, change.value));
    }
  }
  if (!overwritten) return;
  quarrel.wait *= 2;
  quarrel.next = boot_ms + quarrel.wait;
  if (++quarrel.lost < kMostQuarrels) return;
  static_cast<void>(parts_.log.Append(
      {.kind = EntryKind::kResult,
       .id = id,
       .outcome = Failed("given up: somebody else sets its limits again and again")}));
}

// Whoever hangs with the log in his hands keeps nobody frozen.
void Executor::Tend(const std::string& boot_id, std::int64_t boot_ms) {
  if (parts_.log.book().HeldIds().empty() && unwritten_.empty()) return;
  const auto turn = parts_.log.Begin(std::chrono::milliseconds(0));
  if (turn) {
    std::erase_if(unwritten_,
                  [&](const ActionEntry& entry) { return parts_.log.Append(entry).has_value(); });
    LetGoOfUndone();
    for (const std::uint64_t id : parts_.log.book().HeldIds()) {
      Defend(id, parts_.log.book().actions().at(id), boot_ms);
    }
  }
  for (const Undo& undo : parts_.log.book().Expired(boot_id, boot_ms)) {
    RestoreAndNote(undo.id, undo.why, turn.has_value());
  }
}

}  // namespace hullmark
