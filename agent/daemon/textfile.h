// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "hullmark/result.h"

namespace hullmark {

// Makes `metrics` the contents of `directory`/hullmark.prom for a textfile collector, in one step.
// A link of another user's making is never followed.
Result<void> ReplaceTextfile(const std::string& directory, std::string_view metrics);

}  // namespace hullmark
