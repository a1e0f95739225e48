// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace hullmark {

// Whether a report may have colours: as --color says ("auto", "always", "never"); auto means on a
// terminal that can, unless NO_COLOR is set. `output` is where the report goes, see WriteOutput.
bool UseColor(const std::string& color, const std::string& output);

// The width to wrap at, whatever it is that reads.
int TerminalColumns();

}  // namespace hullmark
