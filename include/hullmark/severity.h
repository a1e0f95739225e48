// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace hullmark {

enum class Severity : std::uint8_t { kInfo, kLow, kMedium, kHigh, kCritical };
inline constexpr int kSeverities = 5;

std::string_view NameOf(Severity severity);
std::optional<Severity> SeverityOfName(std::string_view name);

}  // namespace hullmark
