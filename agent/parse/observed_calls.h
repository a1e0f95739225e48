// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <set>
#include <string_view>

#include "hullmark/result.h"

namespace hullmark {

// Calls that a program was seen to make: the summary of strace(1) -c, that of aureport(8) --syscall
// --summary, or records of audit (type=SECCOMP and type=SYSCALL, by number). Lines that tell of no
// call are passed over. Errors: kMalformed, a line that names what is no call, with its number;
// kNotFound, there is no call in it.
Result<std::set<std::string_view>> ParseObservedCalls(std::string_view text);

}  // namespace hullmark
