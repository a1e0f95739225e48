// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "hullmark/check.h"

namespace hullmark {

// Whether a task is stronger than the init of its container, as after `docker exec --privileged`,
// nsenter(1) or an escape. `parts` names what is compared: bounding, permitted, nnp, seccomp,
// filters, lsm, namespaces. Unknown without an init, and for a part that either side does not show.
Verdict CompareWithInit(const TaskView& view, const std::vector<std::string>& parts,
                        EvidenceOut out);

}  // namespace hullmark
