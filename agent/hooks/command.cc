// SPDX-License-Identifier: Apache-2.0
#include "agent/hooks/command.h"

#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "agent/base/sealed.h"

namespace hullmark {
namespace {

constexpr std::string_view kSchema = "hullmark.command/1";
constexpr std::size_t kFixed = 10;  // Texts before the arguments.
constexpr std::size_t kMostArguments = 64;

std::optional<std::uint64_t> NumberOf(const std::string& text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool canonical = error == std::errc() && std::to_string(number) == text;
  return canonical ? std::optional(number) : std::nullopt;
}

std::optional<std::chrono::milliseconds> TimeOf(const std::string& text) {
  constexpr std::uint64_t kMost = 24U * 3600 * 1000;
  const auto number = NumberOf(text);
  if (!number || *number > kMost) return std::nullopt;
  return std::chrono::milliseconds(*number);
}

bool AreCStrings(const std::vector<std::string>& texts) {
  for (const std::string& text : texts) {
    if (text.contains('\0')) return false;
  }
  return true;
}

}  // namespace

std::string ToPacket(const CommandOrder& order) {
  std::string bytes;
  for (const std::string& text :
       {std::string(kSchema), order.hook, std::to_string(order.number), order.key, order.path,
        order.user, std::to_string(order.timeout.count()), std::to_string(order.cpu.count()),
        std::to_string(order.output_max), order.body}) {
    PutText(bytes, text);
  }
  for (const std::string& argument : order.args) PutText(bytes, argument);
  return bytes;
}

std::optional<CommandOrder> ParseCommandOrder(std::string_view bytes) {
  if (bytes.size() > kMostOrder) return std::nullopt;
  auto fixed = TakeTexts(bytes, kFixed);
  if (!fixed || (*fixed)[0] != kSchema || (*fixed)[4].empty() || (*fixed)[4][0] != '/') {
    return std::nullopt;
  }
  std::vector<std::string> args;
  while (!bytes.empty()) {
    auto argument = TakeText(bytes);
    if (!argument || args.size() == kMostArguments) return std::nullopt;
    args.push_back(std::move(*argument));
  }
  auto& texts = *fixed;
  const auto number = NumberOf(texts[2]);
  const auto timeout = TimeOf(texts[6]);
  const auto cpu = TimeOf(texts[7]);
  const auto output_max = NumberOf(texts[8]);
  std::string body = std::move(texts[9]);
  texts[9].clear();
  if (!number || !timeout || !cpu || !output_max || !AreCStrings(texts) || !AreCStrings(args)) {
    return std::nullopt;
  }
  return CommandOrder{.hook = std::move(texts[1]),
                      .number = *number,
                      .key = std::move(texts[3]),
                      .path = std::move(texts[4]),
                      .user = std::move(texts[5]),
                      .args = std::move(args),
                      .timeout = *timeout,
                      .cpu = *cpu,
                      .output_max = *output_max,
                      .body = std::move(body)};
}

}  // namespace hullmark
