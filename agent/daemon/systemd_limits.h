// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "agent/enforce/unit_limits.h"

namespace hullmark {

// The limits of this host's units, over the system bus, see org.freedesktop.systemd1(5); of none
// where systemd is not pid 1. Each call has a connection of its own and takes six seconds at most;
// after one without an answer there is none for half a minute.
UnitLimits LimitsOfSystemd();

}  // namespace hullmark
