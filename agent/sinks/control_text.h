// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "hullmark/benchmark.h"

namespace hullmark {

// "one, two"
std::string JoinTexts(const std::vector<std::string>& texts);

// "medium, 4 points of exposure; high, 25 points where SCP-001 fails too"
std::string PriceText(const Control& control);

}  // namespace hullmark
