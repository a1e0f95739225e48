// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hullmark {

// One program to run for one letter: a packet from the inspector to a runner, which answers with a
// DeliveryReport.
struct CommandOrder {
  std::string hook{};
  std::uint64_t number = 0;
  std::string key{};
  std::string path{}, user{};
  std::vector<std::string> args{};
  std::chrono::milliseconds timeout{}, cpu{};
  std::uint64_t output_max = 0;  // Bytes.
  std::string body{};            // For its standard input.

  friend bool operator==(const CommandOrder&, const CommandOrder&) = default;
};

inline constexpr std::size_t kMostOrder = std::size_t{128} << 10;

std::string ToPacket(const CommandOrder& order);
std::optional<CommandOrder> ParseCommandOrder(std::string_view bytes);

}  // namespace hullmark
