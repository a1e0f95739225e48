// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "agent/base/file.h"
#include "agent/base/packets.h"
#include "agent/daemon/clock.h"
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

// Its status, as of wait(2), if it ends within that time. Only then is it reaped. 0 if somebody
// else has reaped it: it has ended.
std::optional<int> Reap(Pid process, std::chrono::milliseconds most);

// How it ended; by force if it has not. What not even that ends, since it waits in the kernel, is
// waited for a second, and no more.
std::string Bury(Pid process);

// Once its channel is closed it ends by itself, and may have something to say about why; one that
// cannot is killed. Takes a second at most.
void LetEnd(Pid process);

// Children that are to end as LetEnd() has them do it, while nobody waits for them.
class EndingChildren {
 public:
  EndingChildren() = default;
  EndingChildren(const EndingChildren&) = delete;
  EndingChildren& operator=(const EndingChildren&) = delete;
  ~EndingChildren();  // Kills the rest, and waits a second for all of them together.

  // From `kill_at` on it is killed.
  void Add(Pid process, Moment kill_at);
  // Reaps those that have ended, and kills those whose time is over.
  void Tend(Moment now);

  std::size_t size() const { return ending_.size(); }
  // Readable when one has ended: then Tend() is worth a call.
  std::vector<int> fds() const;

 private:
  struct Ending {
    Pid process{};
    Fd handle{};
    Moment kill_at{};
  };
  std::vector<Ending> ending_;
};

}  // namespace hullmark
