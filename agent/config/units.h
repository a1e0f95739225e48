// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "hullmark/ids.h"

namespace hullmark {

// Values as people write them in files and options; nullopt for everything else.

// A whole number and its unit: "500ms", "15s", "10m", "24h"; at most 100 years.
std::optional<std::chrono::milliseconds> ParseDuration(std::string_view text);

// A whole number and its unit, in bytes: "512B", "64KiB", "64MiB", "1GiB", "1TiB".
std::optional<std::uint64_t> ParseSize(std::string_view text);

// RFC 3339: "2026-11-21T20:15:00Z", with a fraction and an offset if need be.
std::optional<Timestamp> ParseTime(std::string_view text);

// The first moment after a time: an RFC 3339 time is itself, a date alone ("2026-12-31") lasts
// until its end in UTC.
std::optional<Timestamp> ParseEnd(std::string_view text);

}  // namespace hullmark
