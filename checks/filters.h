// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <variant>
#include <vector>

#include "hullmark/call_groups.h"
#include "hullmark/check.h"
#include "hullmark/result.h"
#include "hullmark/seccomp.h"
#include "hullmark/snapshot.h"
#include "hullmark/syscalls.h"

namespace hullmark {

// What the filters of a task answer.
struct TaskFilters {
  const FilterRules& rules;
  Machine machine;

  Abi native() const { return AbisOf(machine).front(); }
};

// The filters of a task, or the verdict of a control on filters where there is nothing to look at:
// none are there (not applicable), strict mode has no need of any (pass), or they are not known.
std::variant<TaskFilters, Verdict> FiltersOf(const TaskView& view, EvidenceOut out);

// A kernel without seccomp prints no line of it; so would a line we failed to find.
Verdict WithoutSeccompLine(const Host& host, EvidenceOut out);

// Whether a setting of this kernel switches something off for everybody. Where it cannot be read it
// does not.
bool IsSwitchedOff(const Host& host, const std::vector<SwitchedOff>& settings);

// Whether the task has what a call needs, or can get it: by executing a program, or by making a
// user namespace if that is enough and its filters let it.
Fact<bool> HasNeeded(const TaskView& view, const TaskFilters& filters, const CallNeeds& needs);

// Whether a ring of io_uring(7) can be set up and used.
bool PermitsRing(const TaskView& view, const TaskFilters& filters);

}  // namespace hullmark
