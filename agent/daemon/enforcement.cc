// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon/enforcement.h"

#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <iterator>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "agent/base/boot_time.h"
#include "agent/base/durable.h"
#include "agent/base/file.h"
#include "agent/config/config.h"
#include "agent/daemon/actions_json.h"
#include "agent/daemon/exec_guard.h"
#include "agent/daemon/fault_point.h"
#include "agent/daemon/releaser.h"
#include "agent/daemon/standard.h"
#include "agent/daemon/systemd_limits.h"
#include "agent/encode/text.h"
#include "agent/enforce/action_book.h"
#include "agent/enforce/action_entry.h"
#include "agent/enforce/action_log.h"
#include "agent/enforce/exec_bans.h"
#include "agent/enforce/executor.h"
#include "agent/enforce/history.h"
#include "agent/enforce/limit_change.h"
#include "agent/enforce/plan.h"
#include "agent/enforce/recheck.h"
#include "agent/evaluate/evaluate.h"
#include "hullmark/action.h"
#include "hullmark/event.h"
#include "hullmark/ids.h"
#include "hullmark/policy.h"
#include "hullmark/report.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"
#include "hullmark/waiver.h"

namespace hullmark {
namespace {

constexpr std::uint32_t kAllExamples = 100'000;  // A line of proof for each offender.
constexpr std::int64_t kLeastStale = 60'000;
constexpr int kStaleIntervals = 3;

std::string BootId() {
  constexpr std::size_t kMost = 64;
  ReadBuffer buffer(kMost);
  const auto text = buffer.Read(AT_FDCWD, "/proc/sys/kernel/random/boot_id");
  return text ? std::string(text->substr(0, text->find('\n'))) : "";
}

PlanInput InputOf(const Standard& standard, const Snapshot& snapshot, const Report& report) {
  const Config& config = standard.config;
  return {.snapshot = snapshot,
          .benchmark = standard.benchmark,
          .report = report,
          .policy = config.enforce,
          .infrastructure = config.infrastructure,
          .self = Pid{getpid()},
          .stale_after =
              std::max<std::int64_t>(kLeastStale, kStaleIntervals * config.scan.interval.count())};
}

}  // namespace

std::int64_t BootMilliseconds() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(BootTime()).count();
}

LogStamp StampNow(Timestamp at) {
  static const std::string kBoot = BootId();
  return {.at = at, .boot_id = kBoot, .boot_ms = BootMilliseconds()};
}

Result<std::unique_ptr<Enforcement>> Enforcement::Open(Parts parts) {
  if (parts.state_dir.empty()) {
    return Fail(ErrorCode::kMalformed, "enforce: there is no 'state_dir' to write actions down in");
  }
  MakeIfMissing(parts.state_dir);
  auto proc = OpenDirectory(AT_FDCWD, parts.proc_root.c_str());
  auto own_proc = OpenDirectory(AT_FDCWD, parts.proc_root.c_str());
  for (const auto* const opened : {&proc, &own_proc}) {
    if (!*opened) return Fail(opened->error().code, parts.proc_root + ": cannot be opened");
  }
  std::unique_ptr<Enforcement> made(new Enforcement(std::move(parts)));
  Enforcement& self = *made;
  auto log = ActionLog::Open(self.parts_.state_dir, self.parts_.user,
                             [&self] { return StampNow(self.parts_.now()); });
  if (!log) return std::unexpected(log.error());
  self.log_ = std::make_unique<ActionLog>(std::move(*log));
  Executor::Parts hands{.log = *self.log_,
                        .proc = std::move(*proc),
                        .look =
                            [&self](const Action& action) {
                              return self.alone_ ? self.alone_(action)
                                                 : self.Confirm(*self.standard_, action);
                            },
                        .units = LimitsOfSystemd()};
  hands.at = FaultPoint();
  if (self.parts_.call) {
    hands.call = [&self](const std::string& hook, const Action& action) {
      return self.parts_.call(hook, EventOf(action, {.text = "the hook was called"}, action.at));
    };
  }
  if (!self.parts_.releaser_command.empty()) {
    self.releaser_ = std::make_unique<Releaser>(self.parts_.releaser_command);
    hands.hold = [&self](std::uint64_t id, const Fd& place, const LimitChange& change) {
      return self.releaser_->Hold(id, place, change);
    };
    hands.let_go = [&self](std::uint64_t id) { self.releaser_->LetGo(id); };
  }
  self.executor_ = std::make_unique<Executor>(std::move(hands));
  self.guard_ = std::make_unique<ExecGuard>(*self.log_);
  self.process_look_ =
      std::make_unique<ProcessLook>(std::move(*own_proc), self.parts_.open_records);
  self.TakeBackEverything("the agent has started anew");
  const std::int64_t now = BootMilliseconds();
  self.history_.started = now;
  const std::string boot = StampNow({}).boot_id;
  constexpr std::int64_t kDay = 86'400'000;
  self.log_->book().Recall(boot, now - kDay, self.history_);
  if (self.log_->damaged() != 0) {
    spdlog::error("enforce: {} lines of {}/actions.jsonl are damaged", self.log_->damaged(),
                  self.parts_.state_dir);
  }
  return made;
}

Result<Confirmed> Enforcement::Confirm(const Standard& standard, const Action& action) {
  const auto snapshot = parts_.look(standard);
  if (!snapshot) return std::unexpected(snapshot.error());
  const Config& config = standard.config;
  const Report report = Evaluate(*snapshot, standard.benchmark,
                                 {.site = config.select,
                                  .classes = config.classes,
                                  .examples = kAllExamples,
                                  .waivers = standard.waivers});
  return Recheck(InputOf(standard, *snapshot, report), action);
}

// Whoever closes a breaker allows what comes next: it would open at once where the budget is spent.
void Enforcement::TakeOverBreakers() {
  const std::uint64_t known = std::exchange(resets_, log_->book().resets());
  if (known != resets_) unwritten_ = {};
  for (const bool dry_run : {true, false}) {
    Ledger& ledger = history_.LedgerOf(dry_run);
    if (!unwritten_.at(dry_run ? 0 : 1).empty()) continue;
    const std::string& breaker = log_->book().breaker(dry_run);
    if (breaker.empty() && !ledger.breaker.empty()) ledger = {};
    ledger.breaker = breaker;
  }
}

// An open breaker outlives the agent. One that cannot be written down is written again and again.
void Enforcement::KeepBreaker(bool dry_run, std::chrono::milliseconds patience) {
  const std::string& why = history_.LedgerOf(dry_run).breaker;
  if (why.empty() || why == log_->book().breaker(dry_run)) return;
  std::string& unwritten = unwritten_.at(dry_run ? 0 : 1);
  if (unwritten.empty()) {
    spdlog::error(
        "enforce: {}: from now on there are {}notices only, until 'hullmark undo "
        "--reset-breaker'",
        Printable(why), dry_run ? "(in the dry run) " : "");
  }
  const auto turn = log_->Begin(patience);
  const bool written =
      turn && log_->Append({.kind = EntryKind::kBreaker, .why = why, .dry_run = dry_run});
  unwritten = written ? "" : why;
}

void Enforcement::Count(const Action& action, const ActionOutcome& outcome) {
  ++counts_[static_cast<std::size_t>(action.step.kind)][action.dry_run ? 0 : 1]
           [static_cast<std::size_t>(outcome.result)];
}

// A kill whose grace is over: told and counted once more where it did not come to what was said.
void Enforcement::FollowUp(std::vector<TakenAction>& taken) {
  const auto take = [&](TakenAction one) {
    RecordFollowUp(one.action, one.outcome, BootMilliseconds(), history_);
    if (one.outcome.result != ActionResult::kDone) Count(one.action, one.outcome);
    taken.push_back(std::move(one));
  };
  // Each takes a look of its own, after which all may be different. None is of a dry run.
  const std::string& breaker = history_.enforced.breaker;
  while (!stopping_ && breaker.empty()) {
    auto one = executor_->FollowUp(BootMilliseconds());
    if (!one) return;
    take(std::move(*one));
  }
  if (breaker.empty()) return;
  for (TakenAction& one : executor_->DropGraces("the breaker is open")) take(std::move(one));
}

std::vector<TakenAction> Enforcement::Act(const Standard& standard, const Snapshot& snapshot,
                                          const Report& report, std::int64_t looked_at_ms) {
  const std::scoped_lock lock(mutex_);
  standard_ = &standard;
  reflexes_.clear();
  // What others have written: an undo, a breaker reset.
  if (const auto caught_up = log_->Begin(); !caught_up) {
    spdlog::error("enforce: nothing is done: {}", caught_up.error().message);
    guard_->Disarm();
    return {};
  }
  TakeOverBreakers();
  acting_ = true;  // Before it is asked whether to stop: one of the two sees the other.
  CollectExecs(ActionLog::kPatience, ExecGuard::kAll);
  std::vector<TakenAction> taken;
  FollowUp(taken);
  Plan(standard, snapshot, report, looked_at_ms, taken);
  acting_ = false;
  for (const bool dry_run : {true, false}) KeepBreaker(dry_run, ActionLog::kPatience);
  std::ranges::move(std::exchange(between_, {}), std::back_inserter(taken));
  return taken;
}

void Enforcement::Plan(const Standard& standard, const Snapshot& snapshot, const Report& report,
                       std::int64_t looked_at_ms, std::vector<TakenAction>& taken) {
  const std::vector<HeldAction> held = log_->book().Held();
  PlanInput input = InputOf(standard, snapshot, report);
  input.looked_at = looked_at_ms;
  input.now = BootMilliseconds();
  input.in_force = held;
  const std::vector<EndedLife> ended = EndedSinceTheLook();
  input.ended = ended;
  Planned planned = PlanWithExecs(input);
  history_ = std::move(planned.history);
  for (const Undo& undo : planned.undo) executor_->TakeBack(undo.id, undo.why);
  for (Action& action : planned.actions) {
    if (stopping_) return;
    ActionOutcome outcome = executor_->Execute(action, BootMilliseconds());
    Record(action, outcome, standard.config.enforce, BootMilliseconds(), history_);
    Count(action, outcome);
    taken.push_back({.action = std::move(action), .outcome = std::move(outcome)});
  }
  if (stopping_) return;
  input.now = BootMilliseconds();
  GuardExecs(input, standard.waivers);
  reflexes_ = PlanReflexes(input, standard.waivers, history_);
  reflexes_until_ = input.looked_at + input.stale_after;
  containers_ = report.containers.size();
  const bool may_load = !RulesOutBpf(standard.config);
  if (!may_load || !reflexes_.empty()) process_look_->UseRecords(may_load);
}

// By a reaction, or by the kernel.
std::vector<EndedLife> Enforcement::EndedSinceTheLook() const {
  constexpr std::int32_t kSigKill = 9;
  std::vector<EndedLife> ended;
  for (const auto& [action, outcome] : between_) {
    const bool at_once =
        action.step.kind == ActionKind::kKillAtExec || action.step.signal == kSigKill;
    const bool done = outcome.result == ActionResult::kDone && !action.dry_run;
    if (done && at_once && IsKill(action.step.kind) && action.target.process) {
      ended.emplace_back(*action.target.process, action.target.process_started);
    }
  }
  return ended;
}

// The kernel and the plan spend the same budget. What it kills while a plan is made is not in that:
// then another is made, and in the end nothing is done until the next look but what is taken back.
Planned Enforcement::PlanWithExecs(const PlanInput& input) {
  constexpr int kTries = 3;
  Planned planned;
  for (int tries = 0; tries < kTries; ++tries) {
    planned = hullmark::Plan(input, history_);
    if (guard_->Allow(input, planned.history)) return planned;
    CollectExecs(ActionLog::kPatience, ExecGuard::kAll);
  }
  guard_->Allow(input, history_);
  return {.undo = std::move(planned.undo), .history = history_};
}

// What the kernel has killed at exec since the last time. What others have written comes first: a
// breaker that somebody has closed is not opened again.
void Enforcement::CollectExecs(std::chrono::milliseconds patience, std::size_t most) {
  if (!guard_->HasNews() || !log_->Begin(patience)) return;
  TakeOverBreakers();
  for (TakenAction& one : guard_->Collect(BootMilliseconds(), history_, patience, most)) {
    Count(one.action, one.outcome);
    between_.push_back(std::move(one));
  }
  for (const bool dry_run : {true, false}) KeepBreaker(dry_run, patience);
}

void Enforcement::GuardExecs(const PlanInput& input, std::span<const Waiver> waivers) {
  const auto armed = guard_->Arm(PlanExecBans(input, waivers, history_), input, history_);
  const std::string complaint = armed ? "" : armed.error().message;
  if (complaint != guard_complaint_ && !armed) {
    spdlog::error("enforce: nothing is killed at exec: {}", complaint);
  }
  guard_complaint_ = complaint;
}

bool Enforcement::Tend() {
  const std::unique_lock lock(mutex_, std::try_to_lock);
  if (!lock) return false;
  const LogStamp now = StampNow({});
  executor_->Tend(now.boot_id, now.boot_ms);
  if (releaser_ != nullptr) releaser_->Tend();
  constexpr std::size_t kMostAtOnce = 32;  // Each waits for the disk.
  CollectExecs(std::chrono::milliseconds(0), kMostAtOnce);
  return executor_->IsGraceOver(now.boot_ms);
}

bool Enforcement::Stop() {
  stopping_ = true;
  return acting_;
}

void Enforcement::ForgetPlan() {
  const std::scoped_lock lock(mutex_);
  guard_->Disarm();
  reflexes_.clear();
}

std::vector<TakenAction> Enforcement::Close(const std::string& why) {
  const std::scoped_lock lock(mutex_);
  TakeBackEverything(why);
  return std::exchange(between_, {});
}

void Enforcement::CloseIfIdle(const std::string& why) {
  const std::unique_lock lock(mutex_, std::try_to_lock);
  if (lock) TakeBackEverything(why);
}

void Enforcement::TakeBackEverything(const std::string& why) {
  executor_->DropGraces(why);
  reflexes_.clear();
  guard_->Disarm();
  CollectExecs(ActionLog::kPatience, ExecGuard::kAll);
  if (!executor_->TakeBackAll(why)) {
    spdlog::error("enforce: not everything could be taken back; see 'hullmark undo --all'");
  }
}

EnforcementState Enforcement::state(const Policy& policy) const {
  const std::scoped_lock lock(mutex_);
  const bool dry_run = policy.mode != EnforceMode::kEnforce;
  const Ledger& ledger = history_.LedgerOf(dry_run);
  EnforcementState state{.counts = counts_,
                         .budget_remaining = BudgetLeft(ledger, policy.budget, BootMilliseconds()),
                         .breaker_open = !ledger.breaker.empty()};
  for (const HeldAction& held : log_->book().Held()) {
    ++state.active[static_cast<std::size_t>(held.kind)];
  }
  return state;
}

std::string Enforcement::Document(const Policy& policy) const {
  const std::scoped_lock lock(mutex_);
  const bool dry_run = policy.mode != EnforceMode::kEnforce;
  return ActionsDocument({.mode = policy.mode,
                          .budget_remaining = BudgetLeft(history_.LedgerOf(dry_run), policy.budget,
                                                         BootMilliseconds()),
                          .breaker = history_.LedgerOf(dry_run).breaker},
                         log_->book());
}

void TakeBackLeftovers(const std::string& state_dir, Uid user, std::function<Timestamp()> now) {
  if (state_dir.empty() || access((state_dir + "/actions.jsonl").c_str(), F_OK) != 0) return;
  auto log = ActionLog::Open(state_dir, user, [&now] { return StampNow(now()); });
  if (!log) return spdlog::warn("{}", log.error().message);
  Executor executor({.log = *log, .units = LimitsOfSystemd()});
  if (!executor.TakeBackAll("the agent has started anew")) {
    spdlog::error("enforce: not everything could be taken back; see 'hullmark undo --all'");
  }
}

}  // namespace hullmark
