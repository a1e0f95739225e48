// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/base/file.h"
#include "agent/daemon/clock.h"
#include "agent/gateway/channel.h"
#include "agent/gateway/requests.h"
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

// The gateway as the inspector's child: fed, counted, and started again when it dies or no longer
// answers. Nothing that it does or does not do changes what the inspector knows.
class GatewayProcess {
 public:
  // `arguments` are those of the program, the first is its name; the channel's descriptor is
  // number kChannelFd in the child.
  static constexpr int kChannelFd = 3;
  explicit GatewayProcess(std::vector<std::string> arguments) : arguments_(std::move(arguments)) {}
  GatewayProcess(const GatewayProcess&) = delete;
  GatewayProcess& operator=(const GatewayProcess&) = delete;
  ~GatewayProcess() { Stop(); }

  // Starts it and waits until it listens. Error: it ended (and said why on stderr), takes too long,
  // or `give_up`, which is asked ten times a second, says so.
  Result<void> Start(Moment now, const std::function<bool()>& give_up);

  // The newest documents: sent as soon as it has taken those before them, and again to a new one.
  void Publish(Fd documents, std::uint64_t sequence);

  // Reads what it says; starts it again when its time has come.
  void Upkeep(Moment now);

  // Ends it: it holds no state that has to be saved.
  void Stop();

  int fd() const { return child_ ? channel_.fd() : -1; }
  std::optional<Pid> pid() const { return child_; }
  std::uint64_t restarts() const { return restarts_; }
  RequestCounts Requests() const;  // Of all the gateways there were.

 private:
  Result<void> Spawn(Moment now);
  void Feed();
  void OfferAgain(Moment now);
  void Bury(Moment now, const std::string& why);

  std::vector<std::string> arguments_;
  Channel channel_;
  std::optional<Pid> child_;
  GatewayState state_;      // As the living one said last.
  RequestCounts former_{};  // Of those that have died.
  Fd documents_;
  std::uint64_t sequence_ = 0;  // Of documents_.
  std::uint64_t sent_ = 0;      // Sequence that went to the living one last.
  Moment started_{}, heard_{}, restart_at_{}, again_at_{};
  std::uint64_t restarts_ = 0;
  BackOff back_off_;
};

}  // namespace hullmark
