// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>
#include <vector>

#include "hullmark/limits.h"
#include "hullmark/result.h"

namespace hullmark {

// Parses "c 1:3 rwm", "b 8:* r", "a *:* rwm": type, numbers or '*', letters of access. Without
// letters, as people write a device in a benchmark, all three are meant.
Fact<DeviceRule> ParseDeviceRule(std::string_view line);

// Parses the whole of devices.list of the v1 devices controller, in its order; an empty file allows
// nothing. The kernel always writes the letters; a line without them is kMalformed.
Fact<std::vector<DeviceRule>> ParseDevicesList(std::string_view text);

}  // namespace hullmark
