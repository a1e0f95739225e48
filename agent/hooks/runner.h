// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

#include "agent/base/packets.h"
#include "hullmark/result.h"

namespace hullmark {

// A process for one program of a hook: takes a CommandOrder from the inspector, runs the program as
// the order's user, who may not be root, without a shell and without anything of ours, with the
// letter as its standard input, and reports how it ended. What the program has started ends with
// it, whatever it did to get away: in a cgroup of its own where one can be made, and as descendants
// of this process, which adopts them. The program ends too when the inspector goes.
//
// Status 0 is delivered, 65 (EX_DATAERR of sysexits.h) rejected; any other is tried again.
// Error: there is no order. Has to be called in a process of one thread.
Result<void> RunCommand(PacketSocket inspector,
                        const std::function<void(const std::string& message)>& warn);

}  // namespace hullmark
