// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "agent/base/file.h"
#include "agent/enforce/limit_change.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"

namespace hullmark {

// A child that holds the open files of what the agent has changed, and nothing else: it restores
// them when the agent is gone, however it went. Started when there is something to hold.
class Releaser {
 public:
  // `command`: the arguments of the program that calls HoldUntilClosed on kChannelFd.
  explicit Releaser(std::vector<std::string> command) : command_(std::move(command)) {}
  Releaser(const Releaser&) = delete;
  Releaser& operator=(const Releaser&) = delete;
  ~Releaser();  // Lets go of nothing: what is held is restored.

  Result<void> Hold(std::uint64_t id, const Fd& place, const LimitChange& change);
  void LetGo(std::uint64_t id);
  // Starts another one if it has died; it is told anew of what is held.
  void Tend();

 private:
  Result<void> Start();
  Result<void> Tell(std::uint64_t id, const Fd& place, const LimitChange& change);
  bool IsAlive();

  std::vector<std::string> command_;
  Fd channel_;
  pid_t child_ = -1;
  std::multimap<std::uint64_t, LimitChange> held_;
};

}  // namespace hullmark
