// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "hullmark/selector.h"

namespace hullmark {

// What a configuration says, in words.

// "containers with namespace prod or test-*, uid 1000, not (name db)"; `everybody` for an empty
// selector.
std::string WhoIsMeant(const Selector& selector, std::string_view everybody);

// "15 s", "0.5 s".
std::string Seconds(std::chrono::milliseconds time);

}  // namespace hullmark
