// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "hullmark/ids.h"
#include "hullmark/limits.h"
#include "hullmark/snapshot.h"

namespace hullmark {

// The entry of `device`, added where there is none.
IoLimit& LimitOf(std::vector<IoLimit>& limits, DeviceNumber device);

// The row of snapshot.io_limit_lists that holds these limits: equal lists are kept once.
IoLimitListIndex KeepIoLimits(Snapshot& snapshot, std::vector<IoLimit> limits);

}  // namespace hullmark
