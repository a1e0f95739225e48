// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
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
// over what it did. The program is there only while there is something to forbid, and judges only
// until the look that it was armed for is too old.
class ExecGuard {
 public:
  // `log` outlives this.
  explicit ExecGuard(ActionLog& log) : log_(log) {}

  // Whether the kernel has told of something that Collect did not hand over.
  bool HasNews();

  // Writes down what was killed since the last call, and what would have been, and spends the
  // budgets of `history`; what would have been more opens the breaker. Of `most` at most. Within no
  // turn of the log. While something cannot be written down, nothing more is forbidden.
  std::vector<TakenAction> Collect(std::int64_t now, History& history,
                                   std::chrono::milliseconds patience, std::size_t most = kAll);
  static constexpr std::size_t kAll = SIZE_MAX;

  // Forbids what `plan` says and nothing else, within what the budgets of `history` leave. Of the
  // same look all of them. Error: the kernel does not take the program.
  Result<void> Arm(const ExecBanPlan& plan, const PlanInput& input, const History& history);

  // What the budgets of `history` leave, from here on. Returns whether nothing was killed, or would
  // have been, since the last Collect: then nothing exceeds them.
  bool Allow(const PlanInput& input, const History& history);
  // The same, of the policy and the containers of the last Arm.
  bool Allow(std::int64_t now, const History& history);

  // From here on nobody is killed; the next Collect hands over the rest.
  void Disarm();

 private:
  using BanKey = std::tuple<std::string, std::string, bool, ContainerLife>;

  bool Allow(const Budget& budget, std::size_t containers, std::int64_t now,
             const History& history);
  ExecBanProgram::Allowance Collected(std::size_t mode) const;
  Result<void> Load(const PlanInput& input);
  void Forget();
  void TellLeftOut(const ExecBanPlan& plan);
  void Fill(const ExecBanPlan& plan, const History& history);
  void Update(const std::map<std::uint64_t, ExecBans>& wanted);
  std::uint32_t IdOf(const PlannedBan& planned);
  std::uint32_t PlaceOf(const ContainerLife& life);
  void FreePlaces(const ExecBanPlan& plan);
  void StopWhereOpen(const History& history);
  void Drain();
  bool WriteDown(const TakenAction& taken);

  ActionLog& log_;
  std::optional<ExecBanProgram> program_{};
  Policy policy_{};                              // Of the last Arm.
  std::size_t containers_ = 0;                   // On the host, at the last Arm.
  std::map<std::uint64_t, ExecBans> in_{};       // What the kernel has, by cgroup.
  std::map<std::uint32_t, PlannedBan> known_{};  // By ExecBan.id: those in the kernel, and before.
  std::map<BanKey, std::uint32_t> ids_{};        // Of them.
  std::uint32_t last_id_ = 0;
  std::map<ContainerLife, std::uint32_t> places_{};  // ExecBans.place
  std::vector<std::uint32_t> free_places_{};
  std::array<ExecBanProgram::Allowance, 2> taken_{};  // By mode, of this program.
  std::vector<BannedExec> told_{};                    // And not yet written down.
  bool unwritten_ = false;                            // Since the log did not take it.
  std::uint64_t lost_ = 0;                            // Of this program, as far as was said.
  std::string complaint_{};                           // The last one.
  std::set<std::string> left_out_{};                  // Of the last Arm; each is told of once.
};

}  // namespace hullmark
