// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon/exec_guard.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <expected>
#include <map>
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
#include "agent/enforce/exec_budget.h"
#include "agent/enforce/history.h"
#include "agent/enforce/plan.h"
#include "hullmark/action.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

std::size_t ModeIndex(bool dry_run) { return dry_run ? 0 : 1; }

bool IsSame(const ExecBans& a, const ExecBans& b) { return std::memcmp(&a, &b, sizeof a) == 0; }

// By a typed tracepoint, else a raw one.
Result<ExecBanProgram> LoadFor(std::uint32_t host_mounts) {
  auto typed = ExecBanProgram::Load(host_mounts);
  if (typed || typed.error().code != ErrorCode::kUnsupported) return typed;
  auto raw = ExecBanProgram::Load(host_mounts, false);
  return raw ? std::move(raw) : std::move(typed);
}

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
  const std::uint64_t lost = program_->lost();
  if (lost != lost_) {
    spdlog::error("enforce: {} forbidden execs were let live: there was no room to tell of them",
                  lost - std::exchange(lost_, lost));
  }
}

bool ExecGuard::HasNews() {
  Drain();
  return !told_.empty();
}

std::vector<TakenAction> ExecGuard::Collect(std::int64_t now, History& history,
                                            std::chrono::milliseconds patience, std::size_t most) {
  std::vector<TakenAction> taken;
  if (!HasNews()) return taken;
  const auto turn = log_.Begin(patience);
  if (!turn) return taken;
  unwritten_ = false;
  std::size_t done = 0;
  for (; done < std::min(most, told_.size()); ++done) {
    const BannedExec& exec = told_[done];
    auto one = TakenOf(known_.at(exec.ban), exec, policy_, containers_, now, history);
    if (!one) continue;
    unwritten_ = !WriteDown(*one);
    if (unwritten_) break;
    Spend(*one, policy_, now, history);
    taken.push_back(std::move(*one));
  }
  told_.erase(told_.begin(), told_.begin() + static_cast<std::ptrdiff_t>(done));
  if (unwritten_) Disarm();
  StopWhereOpen(history);
  return taken;
}

void ExecGuard::StopWhereOpen(const History& history) {
  for (const bool dry_run : {true, false}) {
    const std::size_t mode = ModeIndex(dry_run);
    if (program_ && !history.LedgerOf(dry_run).breaker.empty()) {
      program_->Allow(mode, taken_.at(mode));
    }
  }
}

bool ExecGuard::WriteDown(const TakenAction& taken) {
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
  auto program = LoadFor(static_cast<std::uint32_t>(mounts->inode));
  if (!program) return std::unexpected(program.error());
  program_ = std::move(*program);
  taken_ = {};
  lost_ = 0;
  spdlog::info("enforce: the kernel judges execs now");
  return {};
}

std::uint32_t ExecGuard::IdOf(const PlannedBan& planned) {
  const Action& action = planned.action;
  const BanKey key(action.rule, action.control, action.dry_run, action.target.life);
  const auto [at, made] = ids_.try_emplace(key, last_id_ + 1);
  if (made) ++last_id_;
  known_[at->second] = planned;
  return at->second;
}

// What is not in the kernel any more may have been told of until now.
void ExecGuard::Forget() {
  std::set<std::uint32_t> used;
  for (const BannedExec& exec : told_) used.insert(exec.ban);
  for (const auto& [cgroup, row] : in_) {
    for (const ExecBan& ban : std::span(row.bans).first(row.count)) used.insert(ban.id);
  }
  const auto is_unused = [&](std::uint32_t id) { return !used.contains(id); };
  std::erase_if(known_, [&](const auto& one) { return is_unused(one.first); });
  std::erase_if(ids_, [&](const auto& one) { return is_unused(one.second); });
}

void ExecGuard::FreePlaces(const ExecBanPlan& plan) {
  std::set<ContainerLife> lives;
  for (const auto& [cgroup, banned] : plan.cgroups) {
    lives.insert(banned.bans->front().action.target.life);
  }
  std::erase_if(places_, [&](const auto& one) { return !lives.contains(one.first); });
  std::set<std::uint32_t> used;
  for (const auto& [life, place] : places_) used.insert(place);
  free_places_.clear();
  for (std::uint32_t place = 0; place < kMostBanCgroups; ++place) {
    if (!used.contains(place)) free_places_.push_back(place);
  }
}

// There is one for each: a container has a cgroup at least.
std::uint32_t ExecGuard::PlaceOf(const ContainerLife& life) {
  const auto [at, made] = places_.try_emplace(life, 0);
  if (made) {
    at->second = free_places_.back();
    free_places_.pop_back();
  }
  return at->second;
}

void ExecGuard::Fill(const ExecBanPlan& plan, const History& history) {
  Forget();
  FreePlaces(plan);
  std::map<std::uint64_t, ExecBans> wanted;
  for (const auto& [cgroup, banned] : plan.cgroups) {
    const ContainerLife& life = banned.bans->front().action.target.life;
    ExecBans& row = wanted[cgroup];
    row = {};
    row.place = PlaceOf(life);
    std::ranges::copy(banned.own, static_cast<unsigned*>(row.own));
    for (const PlannedBan& planned : *banned.bans) {
      ExecBan& ban = row.bans[row.count++];
      ban = planned.ban;
      ban.id = IdOf(planned);
    }
    // Where the kernel has admitted one meanwhile, it takes a place twice: never too many.
    program_->Admit(row.place, (HasSpent(history.pretended, life.id) ? 1U : 0U) |
                                   (HasSpent(history.enforced, life.id) ? 2U : 0U));
  }
  Update(wanted);
}

void ExecGuard::Update(const std::map<std::uint64_t, ExecBans>& wanted) {
  std::erase_if(in_, [&](const auto& one) {
    if (wanted.contains(one.first)) return false;
    program_->Remove(one.first);
    return true;
  });
  for (const auto& [cgroup, row] : wanted) {
    const auto known = in_.find(cgroup);
    if (known != in_.end() && IsSame(known->second, row)) continue;
    if (const auto set = program_->Set(cgroup, row); set) {
      in_[cgroup] = row;
    } else {
      spdlog::error("enforce: {}", set.error().message);
      program_->Remove(cgroup);
      in_.erase(cgroup);
    }
  }
}

bool ExecGuard::Allow(const PlanInput& input, const History& history) {
  return Allow(input.policy.budget, input.report.containers.size(), input.now, history);
}

bool ExecGuard::Allow(std::int64_t now, const History& history) {
  return Allow(policy_.budget, containers_, now, history);
}

bool ExecGuard::Allow(const Budget& budget, std::size_t containers, std::int64_t now,
                      const History& history) {
  if (!program_) return told_.empty();
  for (const bool dry_run : {true, false}) {
    const auto left = AllowanceOf(history.LedgerOf(dry_run), budget, containers, now);
    const ExecBanProgram::Allowance taken = Collected(ModeIndex(dry_run));
    program_->Allow(ModeIndex(dry_run), {.turns = taken.turns + left.actions,
                                         .places = taken.places + left.containers});
  }
  Drain();
  return std::ranges::none_of(
      told_, [](const BannedExec& exec) { return (exec.what & unsigned{kBanApplied}) != 0; });
}

// What the kernel has taken and the history knows of.
ExecBanProgram::Allowance ExecGuard::Collected(std::size_t mode) const {
  ExecBanProgram::Allowance taken = taken_.at(mode);
  for (const BannedExec& exec : told_) {
    if (ModeIndex(known_.at(exec.ban).action.dry_run) != mode) continue;
    if ((exec.what & unsigned{kTookTurn}) != 0) --taken.turns;
    if ((exec.what & unsigned{kTookPlace}) != 0) --taken.places;
  }
  return taken;
}

void ExecGuard::TellLeftOut(const ExecBanPlan& plan) {
  std::set<std::string> now(plan.left_out.begin(), plan.left_out.end());
  for (const std::string& one : now) {
    if (!left_out_.contains(one)) spdlog::warn("enforce: no exec is judged in {}", Printable(one));
  }
  left_out_ = std::move(now);
}

Result<void> ExecGuard::Arm(const ExecBanPlan& plan, const PlanInput& input,
                            const History& history) {
  policy_ = input.policy;
  containers_ = input.report.containers.size();
  TellLeftOut(plan);
  if (plan.cgroups.empty() || unwritten_) {
    Disarm();
    return {};
  }
  if (!program_) {
    if (auto loaded = Load(input); !loaded) return loaded;
  }
  complaint_.clear();
  Fill(plan, history);
  Allow(input, history);
  program_->Until(input.looked_at + input.stale_after);
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

}  // namespace hullmark
