// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <csignal>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/base/file.h"
#include "agent/enforce/action_book.h"
#include "agent/enforce/action_entry.h"
#include "agent/enforce/action_log.h"
#include "agent/enforce/cgroup_tree.h"
#include "agent/enforce/executor.h"
#include "agent/enforce/limit_change.h"
#include "agent/enforce/outcome.h"
#include "agent/enforce/recheck.h"
#include "agent/enforce/victim.h"
#include "hullmark/action.h"
#include "hullmark/policy.h"
#include "hullmark/result.h"

namespace hullmark {

ActionOutcome Executor::Kill(const Action& action, std::uint64_t id, Victim victim,
                             const Confirmed& confirmed, std::int64_t boot_ms) {
  const Step& step = action.step;
  const bool whole = step.kind == ActionKind::kKill;
  if (whole && !confirmed.places && !confirmed.is_pid_1) {
    return Aborted("it has no cgroup of its own, nor an init whose end is its end");
  }
  // What is frozen hears no other signal.
  const bool at_once = step.signal == SIGKILL || (whole && IsFrozen(action.target.life));
  if (at_once) return KillNow(action, id, victim, confirmed);
  const auto sent = victim.Signal(step.signal);
  if (!sent && sent.error().code == ErrorCode::kVanished) return Aborted("it has ended meanwhile");
  if (!sent) return Failed(sent.error().message);
  At("signalled");
  graces_.push_back({.at = boot_ms + step.grace,
                     .id = id,
                     .action = action,
                     .victim = std::move(victim),
                     .places = whole ? confirmed.places : std::nullopt});
  return {.text = "signal " + std::to_string(step.signal) +
                  " was sent, SIGKILL is to follow after " + std::to_string(step.grace) + " ms"};
}

// Says that it was killed only when it was seen to have ended.
ActionOutcome Executor::KillNow(const Action& action, std::uint64_t id, const Victim& victim,
                                const Confirmed& confirmed) {
  if (action.step.kind == ActionKind::kKill && confirmed.places) {
    return KillWhole(id, *confirmed.places);
  }
  const auto sent = victim.Signal(SIGKILL);
  if (!sent && sent.error().code == ErrorCode::kVanished) return Aborted("it has ended meanwhile");
  if (!sent) return Failed(sent.error().message);
  At("signalled");
  if (victim.AwaitEnd(parts_.patience)) return {.text = "killed by SIGKILL"};
  return Failed("SIGKILL was sent, and it has not ended within " +
                std::to_string(parts_.patience.count()) +
                " ms: it is frozen, or waits for the kernel");
}

ActionOutcome Executor::KillWhole(std::uint64_t id, const ContainerPlaces& places) {
  const auto freeze = [&](LimitChange change) -> Result<void> {
    if (!parts_.log.book().actions().at(id).is_held()) return Make(id, change);
    const auto place = OpenPlace(change.place);
    return place ? Apply(*place, change) : Result<void>(std::unexpected(place.error()));
  };
  const auto thaw = [&](const LimitChange& change) {
    At("signalled");
    if (Thaw(change)) EndFreezes(parts_.log.book().actions().at(id).action.target.life);
    At("thawed");
  };
  const auto killed = KillTree(places, parts_.patience, {.freeze = freeze, .thaw = thaw});
  const bool thawed = NoteThaw(id);
  if (!killed) return Failed(killed.error().message + (thawed ? "" : "; it cannot be thawed"));
  return {.text = "killed by " + *killed};
}

// Whatever came of a kill, its victims do not stay frozen. False: they do.
bool Executor::NoteThaw(std::uint64_t id) {
  const BookedAction& booked = parts_.log.book().actions().at(id);
  if (!booked.is_held()) return true;
  const auto thawed = Thaw(booked.changes.front());
  if (!thawed && thawed.error().code != ErrorCode::kVanished &&
      thawed.error().code != ErrorCode::kNotFound) {
    return false;
  }
  NoteUndone(id, {.text = thawed ? "it is thawed" : "its cgroup is gone"}, "the kill is over",
             true);
  return true;
}

// Whoever was thawed to die is frozen no more, even if he lives.
void Executor::EndFreezes(const ContainerLife& life) {
  for (const std::uint64_t id : parts_.log.book().HeldIds()) {
    const Action& action = parts_.log.book().actions().at(id).action;
    if (action.step.kind != ActionKind::kFreeze || action.target.life != life) continue;
    NoteUndone(id, {.text = "it is thawed"}, "thawed to be killed", true);
  }
}

bool Executor::IsFrozen(const ContainerLife& life) const {
  return std::ranges::any_of(parts_.log.book().actions(), [&](const auto& pair) {
    const BookedAction& booked = pair.second;
    return booked.is_held() && booked.action.step.kind == ActionKind::kFreeze &&
           booked.action.target.life == life;
  });
}

bool Executor::IsGraceOver(std::int64_t boot_ms) const {
  return std::ranges::any_of(graces_, [&](const Grace& grace) { return boot_ms >= grace.at; });
}

std::optional<TakenAction> Executor::FollowUp(std::int64_t boot_ms) {
  const auto due =
      std::ranges::find_if(graces_, [&](const Grace& grace) { return boot_ms >= grace.at; });
  if (due == graces_.end()) return std::nullopt;
  const Grace grace = std::move(*due);
  graces_.erase(due);
  return TakenAction{.action = grace.action, .outcome = EndGrace(grace)};
}

ActionOutcome Executor::EndGrace(const Grace& grace) {
  const auto turn = parts_.log.Begin();
  if (!turn) return Failed("SIGKILL does not follow: " + turn.error().message);
  const auto noted =
      parts_.log.Append({.kind = EntryKind::kFollowUp, .id = grace.id, .why = "its grace is over"});
  if (!noted) return Failed("SIGKILL does not follow: " + noted.error().message);
  At("grace_over");
  const ActionOutcome outcome = Follow(grace);
  At("done");
  static_cast<void>(
      parts_.log.Append({.kind = EntryKind::kResult, .id = grace.id, .outcome = outcome}));
  return outcome;
}

// What was so when the first signal was sent need not be so any more.
ActionOutcome Executor::Follow(const Grace& grace) {
  if (!grace.victim.IsAlive()) {
    if (!grace.places || IsEmptyTree(*grace.places)) {
      return {.text = "it has ended after signal " + std::to_string(grace.action.step.signal)};
    }
    return Aborted("its init has ended, others in its cgroup have not: they are nobody's by now");
  }
  const auto confirmed = parts_.look(grace.action);
  if (!confirmed) return Aborted("SIGKILL does not follow: " + confirmed.error().message);
  if (!grace.victim.IsAlive()) return {.text = "it has ended at last, without SIGKILL"};
  At("confirmed");
  return KillNow(grace.action, grace.id, grace.victim, *confirmed);
}

std::vector<TakenAction> Executor::DropGraces(const std::string& why) {
  std::vector<TakenAction> all;
  if (graces_.empty()) return all;
  const auto turn = parts_.log.Begin();
  const ActionOutcome outcome = Aborted("SIGKILL does not follow: " + why);
  for (const Grace& grace : std::exchange(graces_, {})) {
    all.push_back({.action = grace.action, .outcome = outcome});
    if (!turn) continue;
    static_cast<void>(
        parts_.log.Append({.kind = EntryKind::kResult, .id = grace.id, .outcome = outcome}));
  }
  return all;
}

}  // namespace hullmark
