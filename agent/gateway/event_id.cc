// SPDX-License-Identifier: Apache-2.0
#include "agent/gateway/event_id.h"

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

namespace hullmark {
namespace {

constexpr std::size_t kLifeSize = 16;

std::optional<std::uint64_t> NumberOf(std::string_view text, int base) {
  std::uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number, base);
  return error == std::errc{} && stop == end ? std::optional(number) : std::nullopt;
}

}  // namespace

std::string TextOf(const EventId& id) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (int shift = 60; shift >= 0; shift -= 4) text += kDigits[(id.life >> shift) & 0xf];
  return text + "-" + std::to_string(id.number);
}

std::optional<EventId> ParseEventId(std::string_view text) {
  const auto dash = text.find('-');
  if (dash != std::string_view::npos && dash != kLifeSize) return std::nullopt;
  const auto life =
      dash == kLifeSize ? NumberOf(text.substr(0, dash), 16) : std::optional(std::uint64_t{0});
  const auto number = NumberOf(dash == kLifeSize ? text.substr(dash + 1) : text, 10);
  if (!life || !number) return std::nullopt;
  return EventId{.life = *life, .number = *number};
}

}  // namespace hullmark
