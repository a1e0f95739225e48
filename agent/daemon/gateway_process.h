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
#include "agent/daemon/child.h"
#include "agent/daemon/clock.h"
#include "agent/gateway/channel.h"
#include "agent/gateway/requests.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"

namespace hullmark {

// A gateway that somebody else starts, and starts again: a unit of systemd's.
struct GatewayUnit {
  std::string socket;  // Where it waits for inspectors.
  ServeOrder order;
};

// The gateway, as the inspector's child or as a unit of its own: fed, counted, and started (or
// joined) again when it dies or no longer answers. Nothing that it does or does not do changes what
// the inspector knows.
class GatewayProcess {
 public:
  // `arguments`: see SpawnSelf.
  explicit GatewayProcess(std::vector<std::string> arguments) : arguments_(std::move(arguments)) {}
  explicit GatewayProcess(GatewayUnit unit) : unit_(std::move(unit)) {}
  GatewayProcess(const GatewayProcess&) = delete;
  GatewayProcess& operator=(const GatewayProcess&) = delete;
  ~GatewayProcess() { Stop(); }

  // Starts or joins it and waits until it listens. Error: a child ended (and said why on stderr),
  // takes too long, or `give_up`, which is asked ten times a second, says so. A unit may come
  // later: that it is not there yet is a warning.
  Result<void> Start(Moment now, const std::function<bool()>& give_up);

  // How the gateway meets its clients (see WebSettings): sent at once, and first to a new one.
  void SetWeb(Fd settings);

  // The newest documents: sent as soon as it has taken those before them, and again to a new one.
  void Publish(Fd documents, std::uint64_t sequence);

  // Reads what it says; starts it again when its time has come.
  void Upkeep(Moment now);

  // Ends it: it holds no state that has to be saved.
  void Stop();

  int fd() const { return channel_.fd(); }
  std::optional<Pid> pid() const { return process_; }
  std::uint64_t restarts() const { return restarts_; }
  RequestCounts Requests() const;  // Of all the gateways there were.

 private:
  bool Has() const { return channel_.fd() >= 0; }
  Result<void> Begin(Moment now);
  Result<Channel> Spawn();
  static Result<Channel> Join(const GatewayUnit& unit);
  void Take(const GatewayState& said, Moment now);
  void Feed();
  void OfferAgain(Moment now);
  void Lose(Moment now, const std::string& why);

  std::vector<std::string> arguments_;
  std::optional<GatewayUnit> unit_;  // Not a child.
  Channel channel_;                  // Closed where there is no gateway.
  std::optional<Pid> process_;       // Of a unit once it has said something.
  GatewayState state_;               // As the living one said last.
  RequestCounts former_{};           // Of those that have died.
  Fd web_;
  bool web_sent_ = false;  // To the living one.
  Fd documents_;
  std::uint64_t sequence_ = 0;  // Of documents_.
  std::uint64_t sent_ = 0;      // Sequence that went to the living one last.
  static constexpr std::chrono::milliseconds kAgain{1'000};
  std::chrono::milliseconds again_ = kAgain;  // From one refusal to the next offer.
  Moment started_{}, heard_{}, restart_at_{}, again_at_{};
  std::uint64_t restarts_ = 0;
  BackOff back_off_;
};

}  // namespace hullmark
