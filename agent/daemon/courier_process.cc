// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon/courier_process.h"

#include <spdlog/spdlog.h>

#include <chrono>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "agent/base/file.h"
#include "agent/base/packets.h"
#include "agent/daemon/child.h"
#include "agent/daemon/clock.h"
#include "agent/hooks/messages.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"

namespace hullmark {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr seconds kSilence{30};  // It speaks every second.
constexpr int kMostMessages = 256;

}  // namespace

void CourierProcess::SetEndpoints(Fd endpoints) {
  endpoints_ = std::move(endpoints);
  told_ = false;
}

Result<void> CourierProcess::Begin(Moment now) {
  if (how_.socket.empty()) {
    auto child = SpawnSelf(how_.command);
    if (!child) {
      return Fail(child.error().code, "starting the courier: " + child.error().message);
    }
    channel_ = std::move(child->channel);
    process_ = child->process;
  } else {
    auto joined = JoinAt(how_.socket);
    if (!joined) return std::unexpected(joined.error());
    channel_ = std::move(*joined);
    process_.reset();
  }
  told_ = false;
  started_ = heard_ = now;
  return {};
}

CourierProcess::News CourierProcess::Upkeep(Moment now) {
  News news;
  if (!endpoints_) {
    news.lost = fd() >= 0;
    Stop();
    return news;
  }
  if (fd() < 0) {
    if (now < restart_at_) return news;
    if (const auto begun = Begin(now); !begun) {
      const milliseconds wait = back_off_.AfterLife({});
      restart_at_ = now + wait;
      spdlog::warn("{}; trying again in {} ms", begun.error().message, wait.count());
      return news;
    }
  }
  if (!told_) told_ = channel_.Send(kEndpointsPacket, endpoints_.get()) == Sent::kSent;
  Listen(now, news);
  return news;
}

// Whoever speaks first on a unit's channel is the one that speaks there.
void CourierProcess::Listen(Moment now, News& news) {
  for (int count = 0; count < kMostMessages; ++count) {
    auto packet = channel_.Receive(buffer_, 0);
    std::string wrong = packet ? "" : packet.error().message;
    if (packet && !*packet) break;
    auto report = packet ? ParseReport({buffer_.data(), (*packet)->bytes}) : std::nullopt;
    if (packet && !report) wrong = "it said what is no message";
    if (!wrong.empty()) {
      Lose(now, wrong);
      news.lost = true;
      return;
    }
    heard_ = now;
    const auto sender = (*packet)->sender;
    if (!process_ && sender) {
      process_ = sender;
      channel_.Expect(*sender);
      spdlog::info("joined the courier (pid {})", std::to_underlying(*sender));
    }
    if (report->number != 0) news.reports.push_back(std::move(*report));
  }
  if (now - heard_ <= kSilence) return;
  Lose(now, "it no longer answers");
  news.lost = true;
}

// A unit that hangs is its watchdog's business.
void CourierProcess::Lose(Moment now, const std::string& why) {
  const bool child = process_ && how_.socket.empty();
  const std::string end = child ? Bury(*process_) : "is not there";
  process_.reset();
  channel_ = PacketSocket();
  told_ = false;
  const milliseconds wait = back_off_.AfterLife(now - started_);
  restart_at_ = now + wait;
  spdlog::warn("the courier {} ({}); {} it again in {} ms", end, why,
               how_.socket.empty() ? "starting" : "joining", wait.count());
}

bool CourierProcess::Give(const Delivery& delivery) const {
  return IsThere() && channel_.Send(ToPacket(delivery)) == Sent::kSent;
}

void CourierProcess::Stop() {
  channel_ = PacketSocket();
  told_ = false;
  const auto process = std::exchange(process_, std::nullopt);
  if (process && how_.socket.empty()) LetEnd(*process);
}

}  // namespace hullmark
