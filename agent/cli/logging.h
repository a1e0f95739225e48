// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace hullmark {

// Messages go to stderr: as text, or as one JSON object per line. Levels: debug info warn error.
void StartLogging(const std::string& level, const std::string& format);

}  // namespace hullmark
