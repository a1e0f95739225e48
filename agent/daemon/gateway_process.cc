// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon/gateway_process.h"

#include <poll.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "agent/base/file.h"
#include "agent/base/packets.h"
#include "agent/daemon/child.h"
#include "agent/daemon/clock.h"
#include "agent/gateway/channel.h"
#include "agent/gateway/meeting.h"
#include "agent/gateway/requests.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"

namespace hullmark {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr seconds kSilence{10};  // It speaks every second.
constexpr milliseconds kLongestAgain{60'000};
constexpr int kMostMessages = 16;  // Read at once: a gateway gone wild does not hold up the scans.
}  // namespace

Result<Channel> GatewayProcess::Spawn() {
  auto child = SpawnSelf(arguments_);
  if (!child) {
    return Fail(child.error().code, "starting the gateway: " + child.error().message);
  }
  process_ = child->process;
  return Channel(std::move(child->channel));
}

Result<Channel> GatewayProcess::Join(const GatewayUnit& unit) {
  auto channel = JoinGateway(unit.socket);
  if (channel && channel->SendOrder(unit.order) != Sent::kSent) {
    return Fail(ErrorCode::kIo, unit.socket + ": the gateway does not listen");
  }
  return channel;
}

Result<void> GatewayProcess::Begin(Moment now) {
  auto channel = unit_ ? Join(*unit_) : Spawn();
  if (!channel) return std::unexpected(channel.error());
  channel_ = std::move(*channel);
  state_ = {};
  sent_ = 0;
  web_sent_ = false;
  started_ = heard_ = now;
  Feed();
  return {};
}

// Whoever speaks first on a unit's channel is the one that speaks there.
void GatewayProcess::Take(const GatewayState& said, Moment now) {
  if (!process_) {
    process_ = said.sender;
    channel_.Expect(said.sender);
    spdlog::info("joined the gateway (pid {})", std::to_underlying(said.sender));
  }
  if (!said.refused) again_ = kAgain;
  state_ = said;
  heard_ = now;
}

Result<void> GatewayProcess::Start(Moment now, const std::function<bool()>& give_up) {
  const auto begun = Begin(now);
  if (!begun && !unit_) return begun;
  if (!begun) {
    spdlog::warn("{}; trying again", begun.error().message);
    return {};
  }
  pollfd wanted = {.fd = channel_.fd(), .events = POLLIN, .revents = 0};
  constexpr milliseconds kWait{100};
  for (milliseconds waited{0}; waited < kSilence && !give_up(); waited += kWait) {
    if (poll(&wanted, 1, static_cast<int>(kWait.count())) != 0) break;
  }
  const auto heard = channel_.ReceiveState();
  const auto said = heard.value_or(std::nullopt);
  if (said && said->listening) {
    Take(*said, now);
    return {};
  }
  if (unit_) {
    Lose(now, heard ? "it does not answer" : heard.error().message);
    return {};
  }
  Stop();
  return Fail(ErrorCode::kIo, "the gateway did not start");
}

void GatewayProcess::SetWeb(Fd settings) {
  web_ = std::move(settings);
  web_sent_ = false;
  Feed();
}

void GatewayProcess::Publish(Fd documents, std::uint64_t sequence) {
  documents_ = std::move(documents);
  sequence_ = sequence;
  Feed();
}

// At most one set is on its way: what waits in a socket is memory that nobody can take back.
void GatewayProcess::Feed() {
  if (!Has()) return;
  if (web_ && !web_sent_) web_sent_ = channel_.SendWebSettings(web_) == Sent::kSent;
  if (!documents_ || sent_ == sequence_ || sent_ != state_.received) return;
  if (channel_.SendDocuments(documents_, sequence_) == Sent::kSent) sent_ = sequence_;
}

void GatewayProcess::Upkeep(Moment now) {
  if (!Has()) {
    if (now < restart_at_) return;
    const bool again = started_ != Moment{};
    if (const auto begun = Begin(now); !begun) {
      spdlog::error("{}", begun.error().message);
      restart_at_ = now + back_off_.AfterLife({});
    } else if (again) {
      ++restarts_;
    }
    return;
  }
  for (int count = 0; count < kMostMessages; ++count) {
    const auto heard = channel_.ReceiveState();
    if (!heard) return Lose(now, heard.error().message);
    const auto& said = *heard;
    if (!said) break;
    Take(*said, now);
  }
  if (now - heard_ > kSilence) return Lose(now, "it no longer answers");
  OfferAgain(now);
  Feed();
}

// What it could not open for want of memory or descriptors it may be able to open now.
void GatewayProcess::OfferAgain(Moment now) {
  if (!state_.refused || sent_ == 0 || state_.received != sent_ || now < again_at_) return;
  again_at_ = now + again_;
  again_ = std::min(2 * again_, kLongestAgain);
  sent_ = state_.received = 0;
}

// A unit that hangs is its watchdog's business.
void GatewayProcess::Lose(Moment now, const std::string& why) {
  const std::string end = process_ && !unit_ ? Bury(*process_) : "is not there";
  former_ = Requests();
  state_ = {};
  process_.reset();
  channel_ = Channel();
  const milliseconds wait = back_off_.AfterLife(now - started_);
  restart_at_ = now + wait;
  spdlog::warn("the gateway {} ({}); {} it again in {} ms", end, why,
               unit_ ? "joining" : "starting", wait.count());
}

void GatewayProcess::Stop() {
  channel_ = Channel();
  const auto process = std::exchange(process_, std::nullopt);
  if (process && !unit_) LetEnd(*process);
}

RequestCounts GatewayProcess::Requests() const {
  RequestCounts sum = former_;
  for (std::size_t route = 0; route < kRoutes; ++route) {
    for (std::size_t code = 0; code < kAnswerCodes.size(); ++code) {
      sum[route][code] += state_.requests[route][code];
    }
  }
  return sum;
}

}  // namespace hullmark
