// SPDX-License-Identifier: Apache-2.0
#include "agent/hooks/courier.h"

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>

#include <chrono>
#include <cstddef>
#include <expected>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/base/deputy.h"
#include "agent/base/file.h"
#include "agent/base/packets.h"
#include "agent/hooks/delivery.h"
#include "agent/hooks/endpoints.h"
#include "agent/hooks/hosts.h"
#include "agent/hooks/messages.h"
#include "agent/hooks/webhook.h"
#include "hullmark/result.h"

namespace hullmark {
namespace {

// One hook: what it is, and who delivers.
struct Post {
  Endpoint endpoint{};
  std::shared_ptr<WebhookLine> webhook{};  // Of the deputy's thread from the first delivery on.
  std::unique_ptr<Deputy> deputy = std::make_unique<Deputy>();
};

class Courier {
 public:
  explicit Courier(CourierOptions options)
      : options_(std::move(options)),
        world_(std::make_shared<WebhookLine::World>(WebhookLine::World{
            .hosts = ParseHosts(options_.hosts), .now = options_.now, .agent = options_.agent})),
        inspector_(std::make_shared<PacketSocket>(std::move(options_.inspector))) {}

  void Run() {
    constexpr int kMilliseconds = 1'000;
    while (true) {
      options_.alive();
      inspector_->Send(ToPacket(DeliveryReport{}));
      pollfd wanted = {.fd = inspector_->fd(), .events = POLLIN, .revents = 0};
      poll(&wanted, 1, kMilliseconds);
      while (true) {
        auto packet = inspector_->Receive(buffer_, 1);
        if (!packet) {
          if (packet.error().code != ErrorCode::kVanished) options_.warn(packet.error().message);
          return;
        }
        if (!*packet) break;
        Take(**packet);
      }
    }
  }

 private:
  void Take(const Packet& packet) {
    const std::string_view bytes(buffer_.data(), packet.bytes);
    if (bytes == kEndpointsPacket && !packet.passed.empty()) return Adopt(packet.passed.front());
    if (auto delivery = ParseDelivery(bytes)) return Deliver(std::move(*delivery));
    options_.warn("the inspector sent what is no message");
  }

  // A hook that stays as it is keeps its connection.
  void Adopt(const Fd& file) {
    auto endpoints = OpenEndpoints(file);
    if (!endpoints) return options_.warn(endpoints.error().message);
    std::map<std::string, Post> posts;
    for (Endpoint& endpoint : *endpoints) {
      Post& post = posts[endpoint.hook];
      if (const auto found = posts_.find(endpoint.hook); found != posts_.end()) {
        post = std::move(found->second);
      }
      if (post.webhook && post.endpoint == endpoint) continue;
      // The world outlives what a deputy is at.
      post.webhook = std::shared_ptr<WebhookLine>(
          new WebhookLine(endpoint, *world_), [world = world_](WebhookLine* gone) { delete gone; });
      post.endpoint = std::move(endpoint);
    }
    posts_ = std::move(posts);
  }

  void Deliver(Delivery delivery) {
    DeliveryReport report{.hook = delivery.hook, .number = delivery.number};
    const auto post = posts_.find(delivery.hook);
    const bool given =
        post != posts_.end() &&
        post->second.deputy->Give([inspector = inspector_, webhook = post->second.webhook,
                                   delivery = std::move(delivery), report]() mutable {
          report.outcome = webhook->Deliver(delivery.key, delivery.body);
          inspector->Send(ToPacket(report));
        });
    if (!given) inspector_->Send(ToPacket(report));
  }

  CourierOptions options_;
  std::shared_ptr<const WebhookLine::World> world_;
  std::shared_ptr<PacketSocket> inspector_;
  std::map<std::string, Post> posts_;
  std::vector<char> buffer_ = std::vector<char>(kMostPacket);
};

}  // namespace

void PrepareNames() {
  addrinfo* found = nullptr;
  addrinfo wanted = {};
  wanted.ai_socktype = SOCK_STREAM;
  if (getaddrinfo("localhost", "443", &wanted, &found) == 0) freeaddrinfo(found);
}

Result<void> RunCourier(CourierOptions options) {
  const auto confined = options.confine();
  if (!confined) return confined;
  Courier(std::move(options)).Run();
  return {};
}

}  // namespace hullmark
