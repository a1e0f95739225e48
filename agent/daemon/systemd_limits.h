// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "agent/enforce/unit_limits.h"

namespace hullmark {

// The limits of this host's units, over the system bus, see org.freedesktop.systemd1(5); of none
// where systemd is not pid 1. Each call has a few seconds, and a connection of its own.
UnitLimits LimitsOfSystemd();

}  // namespace hullmark
