// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "agent/enforce/action_entry.h"
#include "agent/enforce/history.h"
#include "agent/enforce/limit_change.h"
#include "agent/enforce/plan.h"
#include "hullmark/action.h"

namespace hullmark {

// A change of an action that is held.
struct HeldChange {
  std::uint64_t id = 0;
  const LimitChange* change = nullptr;
};

// What the log says of one action.
struct BookedAction {
  Action action{};
  LogStamp began{}, ended{};  // `ended`: of the result.
  std::vector<LimitChange> changes{};
  std::optional<ActionOutcome> outcome{};  // nullopt: whoever began it did not live to say.
  bool spent = true;                       // Counts for the budget: it was not aborted.
  bool followed_up = false;                // SIGKILL came after a signal, or was to come.
  std::optional<ActionOutcome> undone{};
  std::string why_undone{};
  LogStamp undone_at{};

  // Something of it may be in force.
  bool is_held() const { return !changes.empty() && !undone; }
};

// What the log of actions says, line by line.
class ActionBook {
 public:
  static constexpr std::size_t kMost = 1'000;  // Older ones are forgotten, unless they are held.

  void Take(const ActionEntry& entry);
  // A line that cannot be read: it may have opened a breaker, so both are open.
  void TakeDamage();

  const std::map<std::uint64_t, BookedAction>& actions() const { return actions_; }
  std::uint64_t last_id() const { return last_id_; }
  // Why the breaker of pretended or of real actions is open; "": it is not.
  const std::string& breaker(bool dry_run) const { return breakers_[dry_run ? 0 : 1]; }
  // How often somebody has closed the breakers.
  std::uint64_t resets() const { return resets_; }

  std::vector<std::uint64_t> HeldIds() const;  // The newest first: to be taken back in this order.
  std::vector<HeldAction> Held() const;
  // Those of one value of one cgroup, the oldest first: the last one is in force.
  std::vector<HeldChange> HeldAt(const LimitChange& spot) const;
  // Those whose time is over. The highest step of a ladder that is held decides for all of it.
  std::vector<Undo> Expired(const std::string& boot_id, std::int64_t boot_ms) const;
  // The budgets as they were spent within this boot since `since` and since somebody has last
  // closed the breakers, and the breakers.
  void Recall(const std::string& boot_id, std::int64_t since, History& history) const;

 private:
  std::map<std::uint64_t, BookedAction> actions_{};
  std::uint64_t last_id_ = 0;
  std::uint64_t forgiven_ = 0;             // Actions up to this one count for no budget any more.
  std::array<std::string, 2> breakers_{};  // Of pretended, of real actions.
  std::uint64_t resets_ = 0;
};

}  // namespace hullmark
