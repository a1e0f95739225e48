// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "hullmark/facts.h"
#include "hullmark/result.h"
#include "hullmark/strings.h"

namespace hullmark {

// Takes the shape of /proc/PID/cmdline, see proc_pid_cmdline(5), as a shell would read it: options
// end at "--", "-" or the first operand, the arguments of -o, -O and --rcfile are no operands.
// Letters count inside a cluster: "-lc" has -c. kNotFound for an empty file: a kernel thread, a
// zombie, or a process that blanked it. All of it is chosen by the process.
Fact<Invocation> ParseInvocation(std::string_view text, StringTable& strings);

// The first `most` arguments, argv[0] included.
std::vector<std::string> SplitArguments(std::string_view text, std::size_t most);

}  // namespace hullmark
