// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "hullmark/selector.h"

namespace hullmark {

// Pieces of the sentences that tell a person what the site's files will do.

// "1 waiver", "2 waivers".
std::string Number(std::size_t number, std::string_view noun);

// "a, b", or `none`.
std::string Join(const std::vector<std::string>& words, std::string_view none);

// "15 s", "0.500 s".
std::string Seconds(std::chrono::milliseconds time);

// "containers with namespace prod or test-*, not (name db)"; `everybody` for an empty selector.
std::string WhoIsMeant(const Selector& selector, std::string_view everybody);

}  // namespace hullmark
