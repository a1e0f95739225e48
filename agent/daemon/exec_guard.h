// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agent/bpf/exec_ban.h"
#include "agent/bpf/exec_bans.h"
#include "agent/enforce/action_log.h"
#include "agent/enforce/exec_bans.h"
#include "agent/enforce/history.h"
#include "agent/enforce/plan.h"
#include "hullmark/action.h"
#include "hullmark/policy.h"
#include "hullmark/result.h"

namespace hullmark {

// Keeps the kernel program that kills at exec filled with what the policy forbids where, and takes
// over what it did. The program is there only while there is something to forbid.
class ExecGuard {
 public:
  struct Taken {
    Action action{};
    ActionOutcome outcome{};
  };

  // `log` outlives this.
  explicit ExecGuard(ActionLog& log) : log_(log) {}

  // Writes down what was killed since the last call, and what would have been, and spends the
  // budgets of `history`; what would have been more opens the breaker. While something cannot be
  // written down, nothing more is forbidden.
  std::vector<Taken> Collect(std::int64_t now, History& history);

  // Forbids what `plan` says and nothing else, within what the budgets of `history` leave. Of the
  // same look all of them. Error: the kernel does not take the program.
  Result<void> Arm(const ExecBanPlan& plan, const PlanInput& input, const History& history);

  // From here on nobody is killed; the next Collect hands over the rest.
  void Disarm();

  // Disarms if the last Arm was for a look that is too old by now.
  void Tend(std::int64_t now);

 private:
  Result<void> Load(const PlanInput& input);
  void Forget();
  void TellLeftOut(const ExecBanPlan& plan);
  void Fill(const ExecBanPlan& plan, const History& history);
  void Allow(const PlanInput& input, const History& history);
  std::uint32_t IdOf(const PlannedBan& planned);
  void Drain();
  std::optional<Taken> Settle(const BannedExec& exec, std::int64_t now, History& history);
  bool WriteDown(const Taken& taken);

  ActionLog& log_;
  std::optional<ExecBanProgram> program_{};
  Policy policy_{};                              // Of the last Arm.
  std::int64_t stale_at_ = 0;                    // Milliseconds since boot.
  std::map<std::uint64_t, ExecBans> in_{};       // What the kernel has, by cgroup.
  std::map<std::uint32_t, PlannedBan> known_{};  // By ExecBan.id: those in the kernel, and before.
  std::uint32_t last_id_ = 0;
  std::array<ExecBanProgram::Allowance, 2> taken_{};  // By mode, of this program.
  std::vector<BannedExec> told_{};                    // And not yet written down.
  std::string complaint_{};                           // The last one.
  std::set<std::string> left_out_{};                  // Of the last Arm; each is told of once.
};

}  // namespace hullmark
