// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/file.h"
#include "agent/enforce/action_book.h"
#include "agent/enforce/action_entry.h"
#include "agent/enforce/action_log.h"
#include "agent/enforce/limit_change.h"
#include "agent/enforce/recheck.h"
#include "agent/enforce/unit_limits.h"
#include "agent/enforce/victim.h"
#include "hullmark/action.h"
#include "hullmark/result.h"

namespace hullmark {

// Does what a plan says, and takes it back. Every step is in the log before it is taken: what
// cannot be written down is not done.
class Executor {
 public:
  struct Parts {
    ActionLog& log;
    Fd proc{};  // A procfs.
    // Looks afresh, at the host or at the victim alone, and decides anew, see Recheck. Called while
    // the victim is held.
    std::function<Result<Confirmed>(const Action&)> look{};
    // Has somebody who outlives us keep the change's file open, to restore it if we do not; before
    // the change is made. None: a death of ours is mended by the next start alone.
    std::function<Result<void>(std::uint64_t id, const Fd& place, const LimitChange&)> hold{};
    std::function<void(std::uint64_t id)> let_go{};
    UnitLimits units{};
    // Calls a hook of the site. False: there is none of this name.
    std::function<bool(const std::string& hook, const Action&)> call{};
    std::chrono::milliseconds patience{2'000};  // For what the kernel does in its own time.
    // Whether a directory is one where limits are set; tests have plain trees.
    bool (*is_place)(const Fd& directory) = IsInCgroupfs;
    // Told of each point where a crash leaves something else behind; for tests.
    std::function<void(std::string_view)> at{};
  };

  explicit Executor(Parts parts) : parts_(std::move(parts)) {}

  // `patience`: for the log, see ActionLog::Begin.
  ActionOutcome Execute(const Action& action, std::int64_t boot_ms,
                        std::chrono::milliseconds patience = ActionLog::kPatience);

  // Whether a SIGKILL is due after a grace.
  bool IsGraceOver(std::int64_t boot_ms) const;
  // Sends one that is due, after a fresh look: what differs by then ends it, and is said. nullopt:
  // none is.
  std::optional<TakenAction> FollowUp(std::int64_t boot_ms);
  // None follows any more.
  std::vector<TakenAction> DropGraces(const std::string& why);

  // What else is due by now: undo after a ttl, limits that somebody has overwritten. Waits for
  // nobody but systemd, see UnitLimits: some seconds at most.
  void Tend(const std::string& boot_id, std::int64_t boot_ms);

  // Takes back one action, or all that is held. The log may be full: what is wrong with it keeps
  // nobody frozen. kFailed, false: something could not be taken back.
  ActionOutcome TakeBack(std::uint64_t id, const std::string& why);
  bool TakeBackAll(const std::string& why);

 private:
  // Of a kill: SIGKILL is due.
  struct Grace {
    std::int64_t at = 0;
    std::uint64_t id = 0;
    Action action{};
    Victim victim;
    std::optional<ContainerPlaces> places{};  // As they were; nullopt: the victim alone.
  };
  // Of a value that somebody else overwrites.
  struct Quarrel {
    std::int64_t next = 0, wait = 1'000;
    int lost = 0;
  };

  ActionOutcome Act(const Action& action, std::uint64_t id, std::int64_t boot_ms);
  ActionOutcome Kill(const Action& action, std::uint64_t id, Victim victim,
                     const Confirmed& confirmed, std::int64_t boot_ms);
  ActionOutcome KillNow(const Action& action, std::uint64_t id, const Victim& victim,
                        const Confirmed& confirmed);
  ActionOutcome KillWhole(std::uint64_t id, const ContainerPlaces& places);
  bool NoteThaw(std::uint64_t id);
  void EndFreezes(const ContainerLife& life);
  bool NoteUndone(std::uint64_t id, const ActionOutcome& outcome, const std::string& why,
                  bool may_write);
  ActionOutcome EndGrace(const Grace& grace);
  ActionOutcome Follow(const Grace& grace);
  ActionOutcome ThrottleNow(const Action& action, std::uint64_t id, const Confirmed& confirmed);
  ActionOutcome CallHook(const Action& action) const;
  ActionOutcome FreezeNow(std::uint64_t id, const Confirmed& confirmed);
  // The change becomes what is noted.
  Result<void> Make(std::uint64_t id, LimitChange& change);
  ActionOutcome RestoreAndNote(std::uint64_t id, const std::string& why, bool may_write);
  void Defend(std::uint64_t id, const BookedAction& booked, std::int64_t boot_ms);
  bool IsFrozen(const ContainerLife& life) const;
  void LetGo(std::uint64_t id);
  void LetGoOfUndone();
  void At(std::string_view point) const {
    if (parts_.at) parts_.at(point);
  }

  Parts parts_;
  std::vector<Grace> graces_;
  std::map<std::uint64_t, Quarrel> quarrels_;
  std::set<std::uint64_t> secured_;     // What somebody would restore in our place.
  std::vector<ActionEntry> unwritten_;  // What was undone and could not be written down yet.
};

}  // namespace hullmark
