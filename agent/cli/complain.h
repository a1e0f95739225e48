// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "agent/cli/command.h"
#include "hullmark/result.h"

namespace hullmark {

// Prints an error for a person on stderr and returns `exit`.
Exit Complain(const Error& error, Exit exit);

}  // namespace hullmark
