// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "checks/filters.h"
#include "hullmark/call_groups.h"
#include "hullmark/check.h"
#include "hullmark/severity.h"

namespace hullmark {

// Whether the filters permit a use of these groups, from `least` up, that the task could make.
Verdict PermitsNoneOf(const TaskView& view, const TaskFilters& filters,
                      const std::vector<CallGroup>& groups, Severity least, EvidenceOut out);

// Whether a denial in these families, from `least` up, is void: another call has the effect.
Verdict LeavesNoneBeside(const TaskView& view, const TaskFilters& filters,
                         const std::vector<CallFamily>& families, Severity least, EvidenceOut out);

// Whether another architecture of the machine permits what the native one denies.
Verdict IsAsStrictEverywhere(const TaskFilters& filters, EvidenceOut out);

// Whether numbers that no call has are denied.
Verdict DeniesNumbers(const TaskFilters& filters, const std::vector<std::int64_t>& numbers,
                      EvidenceOut out);

}  // namespace hullmark
