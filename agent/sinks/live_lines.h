// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "hullmark/ids.h"
#include "hullmark/live.h"

namespace hullmark {

inline constexpr std::string_view kLiveSchema = "hullmark.live/1";

// Lines for people, each with its end: "12:00:01.250 exec       web: tool (pid 7, uid 0, joined)",
// then one for each violation. Hostile text is made printable.
std::string LiveText(const LiveExec& exec);

// The same as one JSON object on one line that ends with '\n'.
std::string LiveLine(const LiveExec& exec);

// "12:00:01.250", UTC.
std::string ClockText(Timestamp at);

}  // namespace hullmark
