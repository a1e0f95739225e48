// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon/exec_guard.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <expected>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "agent/bpf/exec_ban.h"
#include "agent/bpf/exec_bans.h"
#include "agent/encode/text.h"
#include "agent/enforce/action_entry.h"
#include "agent/enforce/action_log.h"
#include "agent/enforce/exec_bans.h"
#include "agent/enforce/history.h"
#include "agent/enforce/plan.h"
#include "hullmark/action.h"
#include "hullmark/ids.h"
#include "hullmark/policy.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

constexpr std::uint64_t kNanosecondsPerTick = 10'000'000;

std::size_t ModeIndex(bool dry_run) { return dry_run ? 0 : 1; }

std::set<std::string> ContainersOf(const Ledger& ledger) {
  std::set<std::string> containers;
  for (const Ledger::Entry& entry : ledger.spent) containers.insert(entry.container);
  return containers;
}

std::uint64_t PlacesLeft(const Ledger& ledger, const PlanInput& input) {
  const auto share = input.report.containers.size() *
                     static_cast<std::size_t>(input.policy.budget.containers_permille) / 1000;
  const std::size_t most = std::max<std::size_t>(1, share);
  const std::size_t used = ContainersOf(ledger).size();
  return used < most ? most - used : 0;
}

bool IsSame(const ExecBans& a, const ExecBans& b) { return std::memcmp(&a, &b, sizeof a) == 0; }

}  // namespace

void ExecGuard::Drain() {
  if (!program_) return;
  program_->Drain([this](const BannedExec& exec) {
    const auto ban = known_.find(exec.ban);
    if (ban == known_.end()) return;
    told_.push_back(exec);
    ExecBanProgram::Allowance& taken = taken_.at(ModeIndex(ban->second.action.dry_run));
    if ((exec.what & unsigned{kTookTurn}) != 0) ++taken.turns;
    if ((exec.what & unsigned{kTookPlace}) != 0) ++taken.places;
  });
}

std::vector<ExecGuard::Taken> ExecGuard::Collect(std::int64_t now, History& history) {
  Drain();
  std::vector<Taken> taken;
  if (told_.empty()) return taken;
  const auto turn = log_.Begin();
  std::size_t done = 0;
  for (; done < told_.size(); ++done) {
    auto one = Settle(told_[done], now, history);
    if (!one) continue;
    if (!WriteDown(*one)) break;
    taken.push_back(std::move(*one));
  }
  told_.erase(told_.begin(), told_.begin() + static_cast<std::ptrdiff_t>(done));
  const bool open = !history.pretended.breaker.empty() || !history.enforced.breaker.empty();
  if (!told_.empty() || open) Disarm();
  return taken;
}

// nullopt: there is nothing to tell of it.
std::optional<ExecGuard::Taken> ExecGuard::Settle(const BannedExec& exec, std::int64_t now,
                                                  History& history) {
  const PlannedBan& planned = known_.at(exec.ban);
  Taken taken{.action = planned.action};
  Action& action = taken.action;
  Ledger& ledger = history.LedgerOf(action.dry_run);
  action.target.process = Pid{exec.tgid};
  action.target.process_started = BootTicks{exec.start / kNanosecondsPerTick};
  action.evidence = ProofOf(planned.ban, exec);
  if ((exec.what & unsigned{kBanApplied}) == 0) {
    if (!ledger.breaker.empty()) return std::nullopt;
    ledger.breaker = "rule " + action.rule + " wanted more than the budget allows";
    action.evidence =
        "not done, since the breaker is open (" + ledger.breaker + "), for " + action.evidence;
    action.step = {.kind = ActionKind::kNotify};
    taken.outcome.text = action.dry_run ? "would have been done" : "notice given";
    return taken;
  }
  taken.outcome.text = action.dry_run ? "would have been killed before its first instruction"
                                      : "killed before its first instruction";
  if (exec.error != 0) {
    taken.outcome = {.result = ActionResult::kFailed,
                     .text = "bpf_send_signal: " + std::string(std::strerror(-exec.error))};
  }
  ledger.spent.push_back({.at = now, .container = action.target.life.id});
  Record(action, taken.outcome, policy_, now, history);
  return taken;
}

bool ExecGuard::WriteDown(const Taken& taken) {
  const auto id = log_.Append({.kind = EntryKind::kIntended, .action = taken.action});
  const auto written =
      id ? log_.Append({.kind = EntryKind::kResult, .id = *id, .outcome = taken.outcome}) : id;
  if (written) return true;
  if (std::exchange(complaint_, written.error().message) != complaint_) {
    spdlog::error("enforce: nothing is killed at exec, it cannot be written down: {}",
                  written.error().message);
  }
  return false;
}

Result<void> ExecGuard::Load(const PlanInput& input) {
  const auto& mounts = input.snapshot.host.namespaces[std::to_underlying(NamespaceKind::kMnt)];
  if (!mounts) return Fail(ErrorCode::kNotRead, "the host's mount namespace is not known");
  auto program = ExecBanProgram::Load(static_cast<std::uint32_t>(mounts->inode));
  if (!program) return std::unexpected(program.error());
  program_ = std::move(*program);
  taken_ = {};
  in_.clear();
  spdlog::info("enforce: the kernel judges execs now");
  return {};
}

std::uint32_t ExecGuard::IdOf(const PlannedBan& planned) {
  for (auto& [id, known] : known_) {
    const Action& is = known.action;
    const Action& was = planned.action;
    if (is.rule != was.rule || is.control != was.control || is.dry_run != was.dry_run ||
        is.target.life != was.target.life) {
      continue;
    }
    known = planned;
    return id;
  }
  known_.emplace(++last_id_, planned);
  return last_id_;
}

// What is not in the kernel any more may have been told of until now.
void ExecGuard::Forget() {
  std::set<std::uint32_t> used;
  for (const BannedExec& exec : told_) used.insert(exec.ban);
  for (const auto& [cgroup, row] : in_) {
    for (const ExecBan& ban : std::span(row.bans).first(row.count)) used.insert(ban.id);
  }
  std::erase_if(known_, [&](const auto& one) { return !used.contains(one.first); });
}

void ExecGuard::Fill(const ExecBanPlan& plan, const History& history) {
  Forget();
  const std::array spent = {ContainersOf(history.pretended), ContainersOf(history.enforced)};
  std::map<std::uint64_t, ExecBans> wanted;
  for (const auto& [cgroup, bans] : plan.cgroups) {
    if (wanted.size() >= ExecBanProgram::kMostCgroups) break;
    ExecBans& row = wanted[cgroup];
    row = {};
    for (const PlannedBan& planned : bans) {
      ExecBan& ban = row.bans[row.count++];
      ban = planned.ban;
      ban.id = IdOf(planned);
    }
    const std::string& container = bans.front().action.target.life.id;
    for (std::size_t mode = 0; mode < spent.size(); ++mode) {
      if (spent.at(mode).contains(container)) row.admitted |= 1U << mode;
    }
  }
  for (const auto& [cgroup, row] : in_) {
    if (!wanted.contains(cgroup)) program_->Remove(cgroup);
  }
  for (const auto& [cgroup, row] : wanted) {
    const auto known = in_.find(cgroup);
    if (known != in_.end() && IsSame(known->second, row)) continue;
    const auto set = program_->Set(cgroup, row);
    if (!set) spdlog::error("enforce: {}", set.error().message);
  }
  in_ = std::move(wanted);
}

void ExecGuard::Allow(const PlanInput& input, const History& history) {
  for (const bool dry_run : {true, false}) {
    const Ledger& ledger = history.LedgerOf(dry_run);
    const auto left = BudgetLeft(ledger, input.policy.budget, input.now);
    const ExecBanProgram::Allowance& taken = taken_.at(ModeIndex(dry_run));
    program_->Allow(ModeIndex(dry_run), {.turns = taken.turns + static_cast<std::uint64_t>(left),
                                         .places = taken.places + PlacesLeft(ledger, input)});
  }
}

void ExecGuard::TellLeftOut(const ExecBanPlan& plan) {
  std::set<std::string> now(plan.left_out.begin(), plan.left_out.end());
  for (const std::string& one : now) {
    if (!left_out_.contains(one)) spdlog::info("enforce: no exec is judged in {}", Printable(one));
  }
  left_out_ = std::move(now);
}

Result<void> ExecGuard::Arm(const ExecBanPlan& plan, const PlanInput& input,
                            const History& history) {
  policy_ = input.policy;
  stale_at_ = input.looked_at + input.stale_after;
  TellLeftOut(plan);
  if (plan.cgroups.empty() || !told_.empty()) {
    Disarm();
    return {};
  }
  if (!program_) {
    if (auto loaded = Load(input); !loaded) return loaded;
  }
  complaint_.clear();
  Fill(plan, history);
  Allow(input, history);
  return {};
}

void ExecGuard::Disarm() {
  if (!program_) return;
  program_->Detach();
  Drain();
  program_.reset();
  in_.clear();
  spdlog::info("enforce: the kernel judges no execs any more");
}

void ExecGuard::Tend(std::int64_t now) {
  if (program_ && now > stale_at_) Disarm();
}

}  // namespace hullmark
