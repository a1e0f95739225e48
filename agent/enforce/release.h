// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "agent/base/file.h"
#include "agent/enforce/limit_change.h"
#include "hullmark/result.h"

namespace hullmark {

// What an agent tells somebody who outlives it: a change that it makes, with its file, open for
// reading and writing. Over a SOCK_SEQPACKET pair, one message each.

// Error: nobody is there, or too much waits.
Result<void> SendHold(const Fd& channel, std::uint64_t id, const Fd& file,
                      const LimitChange& change);
void SendLetGo(const Fd& channel, std::uint64_t id);

// The other side: keeps what it is told to hold, and when the channel closes restores all that
// still has the value of its change, the newest first. Returns how many files that were. Needs no
// right but what the files were opened with.
int HoldUntilClosed(const Fd& channel);

}  // namespace hullmark
