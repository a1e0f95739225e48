// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "agent/base/packets.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"

namespace hullmark {

// How long to wait before something that died is started again: longer each time, short again once
// it has lived for a while.
class BackOff {
 public:
  std::chrono::milliseconds AfterLife(std::chrono::nanoseconds lived);

 private:
  std::chrono::milliseconds next_{100};
};

// A process that this one has started, and the way to speak to it.
struct Child {
  Pid process{};
  PacketSocket channel{};
};

// The number of the channel's descriptor in a child.
inline constexpr int kChannelFd = 3;

// Starts this program anew, with other arguments (the first is its name), an environment without
// anything of ours, and no signals but SIGTERM and SIGKILL.
Result<Child> SpawnSelf(std::vector<std::string> arguments);

// How it ended; by force if it has not.
std::string Bury(Pid process);

// Once its channel is closed it ends by itself, and may have something to say about why; one that
// cannot is killed.
void LetEnd(Pid process);

}  // namespace hullmark
