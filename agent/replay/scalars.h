// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "hullmark/caps.h"

namespace hullmark {

// What JSON has no type for, as text.

bool IsUtf8(std::string_view text);

// Two lower-case digits per byte.
std::string HexOf(std::string_view bytes);
std::optional<std::string> BytesOfHex(std::string_view hex);

// Sixteen digits, as the kernel prints sets.
std::string HexOf(CapSet caps);
std::optional<CapSet> CapSetOfHex(std::string_view hex);

}  // namespace hullmark
