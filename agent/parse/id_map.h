// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "hullmark/facts.h"
#include "hullmark/result.h"

namespace hullmark {

// Parses the whole of /proc/PID/uid_map or gid_map, see user_namespaces(7). An empty file is an
// empty map. kMalformed for more than the kernel's 340 lines, an extent of no ids or one that
// reaches 2^32; the latter is also how ids look that the reader's own namespace lacks.
Fact<IdMap> ParseIdMap(std::string_view text);

}  // namespace hullmark
