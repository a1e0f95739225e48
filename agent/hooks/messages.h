// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "agent/hooks/delivery.h"

namespace hullmark {

// What passes between inspector and courier, each in a packet of its own (agent/base/packets.h).
// Nothing that a receiver said crosses: how an attempt ended are four numbers.

inline constexpr std::size_t kMostHookName = 32, kMostKey = 96;
inline constexpr std::size_t kMostBody = std::size_t{64} << 10;
inline constexpr std::size_t kMostPacket = kMostBody + 1024;

// With a descriptor, see SealEndpoints: from here on these are the endpoints, and no others.
inline constexpr std::string_view kEndpointsPacket = "hullmark.endpoints/1";

// One letter to deliver.
struct Delivery {
  std::string hook{};
  std::uint64_t number = 0;
  std::string key{};  // Goes with it however often it is tried.
  std::string body{};

  friend bool operator==(const Delivery&, const Delivery&) = default;
};
std::string ToPacket(const Delivery& delivery);
std::optional<Delivery> ParseDelivery(std::string_view bytes);

// How that ended; number 0: of no letter, the courier is alive.
struct DeliveryReport {
  std::string hook{};
  std::uint64_t number = 0;
  AttemptEnd outcome{};

  friend bool operator==(const DeliveryReport&, const DeliveryReport&) = default;
};
std::string ToPacket(const DeliveryReport& report);
std::optional<DeliveryReport> ParseReport(std::string_view bytes);

}  // namespace hullmark
