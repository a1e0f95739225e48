// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "agent/daemon/exec_guard.h"
#include "agent/daemon/process_look.h"
#include "agent/daemon/releaser.h"
#include "agent/daemon/standard.h"
#include "agent/daemon/watcher.h"
#include "agent/enforce/action_log.h"
#include "agent/enforce/executor.h"
#include "agent/enforce/history.h"
#include "agent/enforce/plan.h"
#include "agent/enforce/reflex.h"
#include "hullmark/action.h"
#include "hullmark/event.h"
#include "hullmark/ids.h"
#include "hullmark/policy.h"
#include "hullmark/report.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"
#include "hullmark/waiver.h"

namespace hullmark {

// What of enforcement is exported.
struct EnforcementState {
  // By ActionKind, pretended and enforced, ActionResult; since the agent began.
  using Counts = std::array<std::array<std::array<std::uint64_t, kActionResults>, 2>, kActionKinds>;
  Counts counts{};
  std::array<std::uint64_t, kActionKinds> active{};  // In force.
  std::int32_t budget_remaining = 0;
  bool breaker_open = false;
};

// The hands of the agent: plans after each look, acts, and takes back. There is one only while the
// policy is not off.
class Enforcement {
 public:
  struct Parts {
    std::string state_dir{};  // Of the log.
    std::string proc_root = "/proc";
    Uid user{};
    std::function<Timestamp()> now{};
    // A fresh look, for a decision that is about to be acted upon.
    std::function<Result<Snapshot>(const Standard&)> look{};
    ProcessLook::OpenRecords open_records{};
    // See HookDesk::Call. Empty: there are no hooks.
    std::function<bool(const std::string& hook, const Event&)> call{};
    std::vector<std::string> releaser_command{};  // None: nobody outlives us.
  };

  // Takes back what an agent before this one has left. Error: there is nowhere to write down what
  // would be done, so nothing can be.
  static Result<std::unique_ptr<Enforcement>> Open(Parts parts);
  Enforcement(const Enforcement&) = delete;
  Enforcement& operator=(const Enforcement&) = delete;
  ~Enforcement() = default;

  // After a look. What `standard` does not want any more is taken back first. Returns what was
  // done.
  std::vector<TakenAction> Act(const Standard& standard, const Snapshot& snapshot,
                               const Report& report, std::int64_t looked_at_ms);

  // A process was seen to fail as it executed: what the last Act's plan allows to be done at once
  // is done after a look at that process alone, and told of by the next Act. Nothing while somebody
  // else is at work for longer than a moment. False: the next Act may do what this could not.
  bool React(const Offence& offence, const JudgeAgain& again);
  bool Reacts() const;

  // What has become due; what another thread is at is tended to by the next call. Waits for systemd
  // alone, some seconds. True: a kill's grace is over, and the next Act is to come soon.
  bool Tend();

  // No action is begun any more. Whether one is under way: it ends within kLongest.
  bool Stop();
  static constexpr std::chrono::seconds kLongest{30};

  // Until the next Act nothing is done between looks, nor by the kernel: the policy may have
  // changed.
  void ForgetPlan();

  // Takes back all that is in force. Returns what was done since the last Act.
  std::vector<TakenAction> Close(const std::string& why);
  // The same while another thread may hang in a look; nothing where it hangs in an action.
  void CloseIfIdle(const std::string& why);

  EnforcementState state(const Policy& policy) const;
  // /api/v1/actions.
  std::string Document(const Policy& policy) const;

 private:
  explicit Enforcement(Parts parts) : parts_(std::move(parts)) {}

  Result<Confirmed> Confirm(const Standard& standard, const Action& action);
  Result<Confirmed> ConfirmAlone(const Action& action, const JudgeAgain& again);
  bool ReactNow(const Offence& offence, const JudgeAgain& again);
  bool TakeAtOnce(const Action& action, const JudgeAgain& again, std::int64_t now);
  void TakeBackEverything(const std::string& why);
  void TakeOverBreakers();
  void KeepBreaker(bool dry_run, std::chrono::milliseconds patience);
  void FollowUp(std::vector<TakenAction>& taken);
  void Plan(const Standard& standard, const Snapshot& snapshot, const Report& report,
            std::int64_t looked_at_ms, std::vector<TakenAction>& taken);
  Planned PlanWithExecs(const PlanInput& input);
  std::vector<EndedLife> EndedSinceTheLook() const;
  void CollectExecs(std::chrono::milliseconds patience, std::size_t most);
  void GuardExecs(const PlanInput& input, std::span<const Waiver> waivers);
  void Count(const Action& action, const ActionOutcome& outcome);

  Parts parts_;
  mutable std::timed_mutex mutex_;
  std::unique_ptr<ActionLog> log_;
  std::unique_ptr<Releaser> releaser_;
  std::unique_ptr<Executor> executor_;
  std::unique_ptr<ExecGuard> guard_;
  std::vector<TakenAction> between_{};  // Done since the last Act, by whomever.
  std::string guard_complaint_{};
  const Standard* standard_ = nullptr;  // Of the last Act.
  Reflexes reflexes_{};                 // The same, and they hold
  std::int64_t reflexes_until_ = 0;     // until then,
  std::size_t containers_ = 0;          // with so many on the host.
  std::unique_ptr<ProcessLook> process_look_;
  std::function<Result<Confirmed>(const Action&)> alone_{};  // While it reacts.
  History history_;
  // Of a breaker that could not be written down: open until a reset that comes after it, even if
  // the log does not know of it. By dry run and not.
  std::array<std::string, 2> unwritten_{};
  std::uint64_t resets_ = 0;  // Of the log, that were taken over.
  std::atomic<bool> stopping_ = false, acting_ = false;
  EnforcementState::Counts counts_{};
};

// Takes back what an agent has left that lives no more; nothing where there is no log.
void TakeBackLeftovers(const std::string& state_dir, Uid user, std::function<Timestamp()> now);

// The time that a log's entry bears.
LogStamp StampNow(Timestamp at);
std::int64_t BootMilliseconds();

}  // namespace hullmark
