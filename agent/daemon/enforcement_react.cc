// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "agent/config/config.h"
#include "agent/daemon/enforcement.h"
#include "agent/daemon/exec_guard.h"
#include "agent/daemon/process_look.h"
#include "agent/daemon/standard.h"
#include "agent/daemon/watcher.h"
#include "agent/enforce/action_log.h"
#include "agent/enforce/executor.h"
#include "agent/enforce/plan.h"
#include "agent/enforce/recheck.h"
#include "agent/enforce/reflex.h"
#include "hullmark/action.h"
#include "hullmark/live.h"
#include "hullmark/policy.h"
#include "hullmark/result.h"

namespace hullmark {
namespace {

constexpr std::chrono::milliseconds kNoPatience{0};
// An Act that does nothing takes no longer; the ring has room for it.
constexpr std::chrono::milliseconds kMoment{100};
constexpr std::size_t kMostAtOnce = 32;  // Each waits for the disk.

}  // namespace

bool Enforcement::Reacts() const {
  const std::scoped_lock lock(mutex_);
  return !reflexes_.empty();
}

bool Enforcement::React(const Offence& offence, const JudgeAgain& again) {
  const std::unique_lock lock(mutex_, kMoment);
  if (!lock) return false;
  acting_ = true;  // As in Act.
  const auto ended = std::unique_ptr<std::atomic<bool>, void (*)(std::atomic<bool>*)>(
      &acting_, [](std::atomic<bool>* acting) { *acting = false; });
  return stopping_ || ReactNow(offence, again);
}

// True: there is nothing that a look could do about it.
bool Enforcement::ReactNow(const Offence& offence, const JudgeAgain& again) {
  const std::int64_t now = BootMilliseconds();
  if (reflexes_.empty() || now > reflexes_until_) return true;
  const Policy& policy = standard_->config.enforce;
  const auto decide = [&] {
    return Decide(offence, reflexes_, policy, containers_, now, history_);
  };
  if (const Decision first = decide(); !first.action) return !first.is_for_a_look;
  // What others have written comes first, as in Act.
  if (!log_->Begin(kNoPatience)) return false;
  TakeOverBreakers();
  CollectExecs(kNoPatience, kMostAtOnce);
  const Decision decision = decide();
  if (!decision.action) return !decision.is_for_a_look;
  // Whoever has ended, or is something else by now, leaves no trace: else decoys would spend the
  // time to the next step, and the log.
  const auto confirmed = ConfirmAlone(*decision.action, again);
  if (!confirmed) return confirmed.error().code == ErrorCode::kVanished;
  return TakeAtOnce(*decision.action, again, now) && !decision.is_for_a_look;
}

bool Enforcement::TakeAtOnce(const Action& action, const JudgeAgain& again, std::int64_t now) {
  History other = history_;
  Begin(action, now, other);
  if (!guard_->Allow(now, other)) {  // The kernel has just spent of the same budget.
    guard_->Allow(now, history_);
    return false;
  }
  std::swap(history_, other);  // Now it is what was before.
  alone_ = [&](const Action& one) { return ConfirmAlone(one, again); };
  ActionOutcome outcome;
  try {
    outcome = executor_->Execute(action, now, kMoment);
  } catch (...) {  // Told by the watcher; whoever looks next must not go by what ends here.
    alone_ = {};
    throw;
  }
  alone_ = {};
  if (outcome.result == ActionResult::kAborted) {
    history_ = std::move(other);
  } else {
    Record(action, outcome, standard_->config.enforce, BootMilliseconds(), history_);
  }
  guard_->Allow(now, history_);  // Nothing, where that has opened the breaker.
  Count(action, outcome);
  for (const bool dry_run : {true, false}) KeepBreaker(dry_run, kNoPatience);
  const bool done = outcome.result == ActionResult::kDone;
  between_.push_back({.action = action, .outcome = std::move(outcome)});
  return done;
}

// The rule, the container's place and its protection are as the last look had them, and hold until
// the next one; the process is read anew.
Result<Confirmed> Enforcement::ConfirmAlone(const Action& action, const JudgeAgain& again) {
  const Reflex* const reflex = FindReflex(reflexes_, action);
  if (reflex == nullptr) return Fail(ErrorCode::kVanished, "there is no such rule any more");
  const auto event = process_look_->Read(*reflex, action);
  if (!event) return std::unexpected(event.error());
  const auto violations = again(*event);
  const auto found = std::ranges::find(violations, action.control, &LiveViolation::control);
  if (found == violations.end() || found->severity < reflex->severity) {
    return Fail(ErrorCode::kDenied, "the process does not fail " + action.control + " any more");
  }
  return Confirmed{};
}

}  // namespace hullmark
