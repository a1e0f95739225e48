// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "agent/enforce/history.h"
#include "agent/enforce/limit_change.h"
#include "agent/enforce/plan.h"
#include "hullmark/action.h"
#include "hullmark/check.h"
#include "hullmark/ids.h"
#include "hullmark/live.h"
#include "hullmark/policy.h"
#include "hullmark/waiver.h"

namespace hullmark {

// Actions that need no look at the whole host: a process is killed by what the event of its exec
// said of it, and by what is read of that process alone.

// A process that was seen to fail controls as it executed a program.
struct Offence {
  Timestamp at{};
  ContainerLife life{};
  Pid process{};
  BootTicks started{};
  std::vector<LiveViolation> violations{};  // Known of its container or not.
};

// What a rule does to processes of a container that fail one control.
struct Reflex {
  Action action{};                      // The process, its severity and proof are missing.
  Severity severity = Severity::kInfo;  // At least.
  CgroupPlace place{};                  // The container's own cgroup, and where its processes are
  std::string path{};                   // by /proc/PID/cgroup, or below: there, in
  std::vector<std::string> hierarchies{};  // each of these. See CgroupLine::controllers.
  bool runs_host_files = false;
};

// By container; what is enforced comes first.
using Reflexes = std::map<ContainerLife, std::vector<Reflex>>;

// Which processes may be killed as they execute, until the next look: pure. Of rules without a
// `for` whose next step is kill_process, for containers that a plan could act upon now: meant, not
// protected, older than the grace, with a cgroup of their own. A control that is waived there, or
// switched off, leads to nothing; nor does one that goes by mounts, which an event knows by numbers
// that are given away again. `history`: as the plan for the same look left it.
Reflexes PlanReflexes(const PlanInput& input, std::span<const Waiver> waivers,
                      const History& history);

struct Decision {
  std::optional<Action> action{};
  bool is_for_a_look = false;  // The budget does not allow it: whether that opens the breaker.
};

// What an offence leads to: the first action that the ladders and the budget leave. `containers`:
// on the host.
Decision Decide(const Offence& offence, const Reflexes& reflexes, const Policy& policy,
                std::size_t containers, std::int64_t now, const History& history);

// Once it is about to be done: what it spends, and the ladder that it is a step of.
void Begin(const Action& action, std::int64_t now, History& history);

// nullptr: there is none that an action could have come of.
const Reflex* FindReflex(const Reflexes& reflexes, const Action& action);

}  // namespace hullmark
