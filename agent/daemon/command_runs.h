// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/base/packets.h"
#include "agent/daemon/child.h"
#include "agent/daemon/clock.h"
#include "agent/hooks/command.h"
#include "agent/hooks/messages.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"

namespace hullmark {

// Programs of hooks that are running, each below a runner of its own: a child, or an instance of a
// unit that systemd starts for each that comes to a socket. Nothing here waits for them.
class CommandRuns {
 public:
  static constexpr std::size_t kMost = 8;  // At a time.

  struct How {
    std::vector<std::string> command{};  // See SpawnSelf.
    std::string socket{};                // Not "": where a unit waits for inspectors.
  };

  explicit CommandRuns(How how) : how_(std::move(how)) {}
  CommandRuns(const CommandRuns&) = delete;
  CommandRuns& operator=(const CommandRuns&) = delete;
  ~CommandRuns();

  // One that does not end takes a place still.
  bool HasRoom() const { return runs_.size() + ending_.size() < kMost; }
  // Error: there is no runner to be had.
  Result<void> Start(const CommandOrder& order, Moment now);

  // How those ended that have ended since; one whose runner says nothing is given up.
  std::vector<DeliveryReport> Upkeep(Moment now);

  // To be waited for.
  std::vector<int> fds() const;

 private:
  struct Run {
    DeliveryReport report{};  // As it is if the runner says nothing.
    PacketSocket channel{};
    std::optional<Pid> child{};
    Moment until{};
  };

  static bool HasEnded(Run& run, Moment now);

  How how_;
  std::vector<Run> runs_;
  EndingChildren ending_;
};

}  // namespace hullmark
