// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "agent/bpf/exec_ban.h"
#include "agent/enforce/history.h"
#include "agent/enforce/plan.h"
#include "hullmark/action.h"
#include "hullmark/benchmark.h"
#include "hullmark/snapshot.h"
#include "hullmark/waiver.h"

namespace hullmark {

// A control that the kernel judges execs by, in one container.
struct PlannedBan {
  ExecBan ban{};    // Its id is not given yet.
  Action action{};  // What an exec that it forbids leads to; the process and proof are missing.
};

// What is forbidden in a cgroup that one container alone is in.
struct BannedCgroup {
  std::array<std::uint32_t, kBanNamespaces> own{};  // See ExecBans.
  // kMostExecBans at most, those that are enforced first; of all cgroups of a container the same.
  std::shared_ptr<const std::vector<PlannedBan>> bans{};
};

struct ExecBanPlan {
  std::map<std::uint64_t, BannedCgroup> cgroups{};  // By the id of a v2 cgroup; kMostBanCgroups.
  // Containers that are meant, or some of their cgroups, each with the reason.
  std::vector<std::string> left_out{};
};

// Whether a control's verdict follows from what the kernel program is told of a task (ExecFacts)
// and of its container's init: capabilities, ids with their maps, links of the program.
bool IsBannable(const Control& control);

// What fails the control, exactly: Forbids(ban, facts) where its check says fail, but for maps of
// more than five extents, which forbid nothing. `init`: the map of the user namespace of the
// container's init; nullptr: not known. nullopt: the control is not bannable.
std::optional<ExecBan> BanOf(const Control& control, const Host& host, const UserNamespace* init);

// Which execs are forbidden where: pure. Of the rules that ban execs, for containers that a plan
// could kill now: meant, judged, not protected, older than the grace, the breaker of their mode
// closed. A control that is waived there or switched off forbids nothing. `history`: as the plan
// for the same look left it.
ExecBanPlan PlanExecBans(const PlanInput& input, std::span<const Waiver> waivers,
                         const History& history);

// What a told exec was forbidden for, as proof: "pid 12 executed sh: CapEff has CAP_SYS_ADMIN". The
// name is hostile.
std::string ProofOf(const ExecBan& ban, const BannedExec& exec);

}  // namespace hullmark
