// SPDX-License-Identifier: Apache-2.0
#include "agent/hooks/messages.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "agent/hooks/delivery.h"

namespace hullmark {
namespace {

constexpr std::uint32_t kDelivery = 0x484b4401;  // "HKD" and the version of the messages.
constexpr std::uint32_t kReport = 0x484b5201;

// Followed by the body.
struct DeliveryHead {
  std::uint32_t kind = kDelivery;
  std::uint32_t unused = 0;
  std::uint64_t number = 0;
  std::array<char, kMostHookName + 1> hook{};  // Ends in a NUL, as the key.
  std::array<char, kMostKey + 1> key{};
  std::array<char, 6> padding{};
};
static_assert(sizeof(DeliveryHead) == 16 + kMostHookName + kMostKey + 8);

struct ReportMessage {
  std::uint32_t kind = kReport;
  std::uint32_t attempt = 0;
  std::uint64_t number = 0;
  std::int32_t status = 0;
  std::int32_t retry_after = -1;  // Seconds; -1: none.
  std::array<char, kMostHookName + 1> hook{};
  std::array<char, 7> padding{};
};
static_assert(sizeof(ReportMessage) == 24 + kMostHookName + 8);

template <std::size_t size>
void Put(std::array<char, size>& into, std::string_view text) {
  std::ranges::copy(text.substr(0, size - 1), into.begin());
}

// What Put() left there, and nothing behind it.
template <std::size_t size>
std::optional<std::string> Take(const std::array<char, size>& from) {
  const auto end = std::ranges::find(from, '\0');
  if (!std::all_of(end, from.end(), [](char byte) { return byte == '\0'; }) || end == from.end()) {
    return std::nullopt;
  }
  return std::string(from.begin(), end);
}

template <typename Message>
std::string BytesOf(const Message& message) {
  return {reinterpret_cast<const char*>(&message), sizeof message};
}

}  // namespace

std::string ToPacket(const Delivery& delivery) {
  DeliveryHead head{.number = delivery.number};
  Put(head.hook, delivery.hook);
  Put(head.key, delivery.key);
  return BytesOf(head) + delivery.body;
}

std::optional<Delivery> ParseDelivery(std::string_view bytes) {
  DeliveryHead head;
  if (bytes.size() <= sizeof head || bytes.size() > sizeof head + kMostBody) return std::nullopt;
  std::memcpy(&head, bytes.data(), sizeof head);
  auto hook = Take(head.hook);
  auto key = Take(head.key);
  if (head.kind != kDelivery || head.unused != 0 || head.number == 0 || !hook || !key ||
      head.padding != decltype(head.padding){}) {
    return std::nullopt;
  }
  return Delivery{.hook = std::move(*hook),
                  .number = head.number,
                  .key = std::move(*key),
                  .body = std::string(bytes.substr(sizeof head))};
}

std::string ToPacket(const DeliveryReport& report) {
  const AttemptEnd& outcome = report.outcome;
  ReportMessage message{.attempt = std::to_underlying(outcome.attempt),
                        .number = report.number,
                        .status = outcome.status};
  if (outcome.retry_after) {
    message.retry_after =
        static_cast<std::int32_t>(std::min(*outcome.retry_after, kLongestRetryAfter).count());
  }
  Put(message.hook, report.hook);
  return BytesOf(message);
}

std::optional<DeliveryReport> ParseReport(std::string_view bytes) {
  ReportMessage message;
  if (bytes.size() != sizeof message) return std::nullopt;
  std::memcpy(&message, bytes.data(), sizeof message);
  auto hook = Take(message.hook);
  if (message.kind != kReport || message.attempt >= kAttempts || !hook ||
      message.retry_after < -1 || message.retry_after > kLongestRetryAfter.count() ||
      message.padding != decltype(message.padding){}) {
    return std::nullopt;
  }
  DeliveryReport report{
      .hook = std::move(*hook),
      .number = message.number,
      .outcome = {.attempt = static_cast<Attempt>(message.attempt), .status = message.status}};
  if (message.retry_after >= 0) {
    report.outcome.retry_after = std::chrono::seconds(message.retry_after);
  }
  return report;
}

}  // namespace hullmark
