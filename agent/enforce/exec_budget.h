// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "agent/bpf/exec_ban.h"
#include "agent/enforce/exec_bans.h"
#include "agent/enforce/history.h"
#include "hullmark/action.h"
#include "hullmark/policy.h"

namespace hullmark {

// What the budgets come to where the kernel itself acts: pure.

// What the kernel may do in one mode until somebody looks again.
struct ExecAllowance {
  std::uint64_t actions = 0, containers = 0;

  friend bool operator==(const ExecAllowance&, const ExecAllowance&) = default;
};

// Nothing while the breaker is open. `containers`: on the host.
ExecAllowance AllowanceOf(const Ledger& ledger, const Budget& budget, std::size_t containers,
                          std::int64_t now);

// A forbidden exec as an action that was taken, pretended, or only told of since the budget was
// spent. nullopt: there is nothing to tell, since that is known.
std::optional<TakenAction> TakenOf(const PlannedBan& planned, const BannedExec& exec,
                                   const Policy& policy, std::size_t containers, std::int64_t now,
                                   const History& history);

// Once it is written down: what it spends, and whether it opens the breaker.
void Spend(const TakenAction& taken, const Policy& policy, std::int64_t now, History& history);

}  // namespace hullmark
