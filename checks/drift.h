// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "hullmark/check.h"

namespace hullmark {

// What two tasks can be compared by.
inline constexpr std::array<std::string_view, 7> kComparable = {
    "bounding", "permitted", "nnp", "seccomp", "filters", "lsm", "namespaces"};

// Whether a task is stronger than the init of its container, as after `docker exec --privileged`,
// nsenter(1) or an escape. `parts` are of kComparable. Unknown without an init, and for a part that
// either side does not show.
Verdict CompareWithInit(const TaskView& view, const std::vector<std::string>& parts,
                        EvidenceOut out);

}  // namespace hullmark
