// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace hullmark {

// The Retry-After of an answer, see RFC 9110: seconds, or a date as "Sun, 06 Nov 1994 08:49:37
// GMT"; at most kLongestRetryAfter. `now`: seconds since 1970. nullopt for anything else.
std::optional<std::chrono::seconds> ParseRetryAfter(std::string_view text, std::int64_t now);

}  // namespace hullmark
