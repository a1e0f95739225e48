// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "agent/base/file.h"
#include "hullmark/result.h"

namespace hullmark {

// What an agent tells somebody who outlives it: an open file of a cgroup and what to write to it if
// the agent ends. Over a SOCK_SEQPACKET pair, one message each.

// Error: nobody is there, or too much waits.
Result<void> SendHold(const Fd& channel, std::uint64_t id, const Fd& file, const std::string& text);
void SendLetGo(const Fd& channel, std::uint64_t id);

// The other side: keeps what it is told to hold, and when the channel closes writes all of it, the
// newest first. Returns how many files that were. Needs no right but to write to what it holds.
int HoldUntilClosed(const Fd& channel);

}  // namespace hullmark
