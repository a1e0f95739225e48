// SPDX-License-Identifier: Apache-2.0
#include "agent/enforce/action_book.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include "agent/enforce/action_entry.h"
#include "agent/enforce/history.h"
#include "agent/enforce/limit_change.h"
#include "agent/enforce/plan.h"
#include "hullmark/action.h"
#include "hullmark/policy.h"

namespace hullmark {

void ActionBook::Take(const ActionEntry& entry) {
  last_id_ = std::max(last_id_, entry.id);
  if (entry.kind == EntryKind::kBreaker) breakers_[entry.dry_run ? 0 : 1] = entry.why;
  if (entry.kind == EntryKind::kBreakerReset) {
    breakers_[0] = breakers_[1] = "";
    ++resets_;
    forgiven_ = last_id_;
  }
  if (entry.kind == EntryKind::kIntended) {
    actions_[entry.id] = {.action = entry.action, .began = entry.stamp};
    const auto old = std::ranges::find_if(
        actions_, [](const auto& pair) { return !pair.second.is_held() && pair.second.outcome; });
    if (actions_.size() > kMost && old != actions_.end()) actions_.erase(old);
    return;
  }
  // Of a change whose intention was lost all is known that it takes to restore it.
  if (entry.kind == EntryKind::kChange && !actions_.contains(entry.id)) {
    actions_[entry.id] = {.action = {.id = entry.id, .dry_run = false}, .began = entry.stamp};
  }
  const auto found = actions_.find(entry.id);
  if (found == actions_.end()) return;
  BookedAction& booked = found->second;
  if (entry.kind == EntryKind::kChange) booked.changes.push_back(entry.change);
  if (entry.kind == EntryKind::kFollowUp) {
    booked.followed_up = true;
    booked.outcome.reset();
  }
  if (entry.kind == EntryKind::kResult) {
    if (!booked.followed_up) booked.spent = entry.outcome.result != ActionResult::kAborted;
    booked.outcome = entry.outcome;
    booked.ended = entry.stamp;
  }
  if (entry.kind == EntryKind::kUndone) {
    booked.undone = entry.outcome;
    booked.why_undone = entry.why;
    booked.undone_at = entry.stamp;
  }
}

void ActionBook::TakeDamage() {
  for (std::string& breaker : breakers_) {
    if (breaker.empty()) breaker = "a line of the log is damaged, which may have said that it is";
  }
}

std::vector<std::uint64_t> ActionBook::HeldIds() const {
  std::vector<std::uint64_t> ids;
  for (const auto& [id, booked] : actions_) {
    if (booked.is_held()) ids.push_back(id);
  }
  std::ranges::reverse(ids);
  return ids;
}

std::vector<HeldAction> ActionBook::Held() const {
  std::vector<HeldAction> held;
  for (const auto& [id, booked] : actions_) {
    if (!booked.is_held()) continue;
    held.push_back({.id = id,
                    .rule = booked.action.rule,
                    .life = booked.action.target.life,
                    .kind = booked.action.step.kind});
  }
  return held;
}

std::vector<HeldChange> ActionBook::HeldAt(const LimitChange& spot) const {
  std::vector<HeldChange> held;
  for (const auto& [id, booked] : actions_) {
    if (!booked.is_held()) continue;
    for (const LimitChange& change : booked.changes) {
      if (IsSameSpot(change, spot)) held.push_back({.id = id, .change = &change});
    }
  }
  return held;
}

std::vector<Undo> ActionBook::Expired(const std::string& boot_id, std::int64_t boot_ms) const {
  std::map<LadderKey, const BookedAction*> highest;
  for (const auto& [id, booked] : actions_) {
    if (!booked.is_held()) continue;
    const BookedAction*& top = highest[LadderKey(booked.action.rule, booked.action.target.life)];
    if (top == nullptr || booked.action.step_number >= top->action.step_number) top = &booked;
  }
  std::vector<Undo> expired;
  for (const std::uint64_t id : HeldIds()) {
    const BookedAction& booked = actions_.at(id);
    const BookedAction& top = *highest.at(LadderKey(booked.action.rule, booked.action.target.life));
    const bool other_boot = top.began.boot_id != boot_id;
    const bool over =
        top.outcome && top.action.step.ttl && boot_ms >= top.ended.boot_ms + *top.action.step.ttl;
    if (other_boot) expired.push_back({.id = id, .why = "the host was restarted"});
    if (over && !other_boot) expired.push_back({.id = id, .why = "its time is over"});
  }
  return expired;
}

void ActionBook::Recall(const std::string& boot_id, std::int64_t since, History& history) const {
  history.pretended.breaker = breaker(true);
  history.enforced.breaker = breaker(false);
  for (const auto& [id, booked] : actions_) {
    const bool counts = booked.spent && booked.action.step.kind != ActionKind::kNotify;
    if (!counts || id <= forgiven_ || booked.began.boot_id != boot_id ||
        booked.began.boot_ms <= since)
      continue;
    history.LedgerOf(booked.action.dry_run)
        .spent.push_back({.at = booked.began.boot_ms, .container = booked.action.target.life.id});
  }
}

}  // namespace hullmark
