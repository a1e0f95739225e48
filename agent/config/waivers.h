// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>
#include <vector>

#include "hullmark/result.h"
#include "hullmark/waiver.h"

namespace hullmark {

// Parses a file of waivers, `waivers: [{control, select, reason, owner, expires, ticket?,
// allow_critical?}, ...]`, strictly: see LoadConfig. `select: {}` covers every container and the
// host. A date alone in `expires` holds until the end of that day in UTC.
Result<std::vector<Waiver>> LoadWaivers(std::string_view text, std::string_view name);

}  // namespace hullmark
