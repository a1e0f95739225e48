// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string_view>
#include <utility>

#include "hullmark/snapshot.h"

namespace hullmark {

// By name below /proc/PID ("status", "ns/mnt") and errno (0: it was read and is malformed): how
// many of a snapshot could not be read. What a kernel does not have is no error.
using ReadErrors = std::map<std::pair<std::string_view, int>, std::uint64_t>;
ReadErrors ReadErrorsOf(const Snapshot& snapshot);

}  // namespace hullmark
