// SPDX-License-Identifier: Apache-2.0
#include "agent/hooks/queue_lines.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <variant>

namespace hullmark {
namespace {

constexpr std::string_view kSchema = "hullmark.queue/1 ";
constexpr int kHex = 16;

std::string Hex(std::uint64_t value) {
  std::array<char, 16> digits{};
  const auto [end, error] = std::to_chars(digits.begin(), digits.end(), value, kHex);
  return {digits.begin(), end};
}

// A number as to_chars(3) writes it, up to `end` (or the end of the text, for '\0').
std::optional<std::uint64_t> TakeNumber(std::string_view& text, char end, int base = 10) {
  std::uint64_t value = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc()) return std::nullopt;
  const bool zeros = text[0] == '0' && stop != text.data() + 1;
  const bool capitals =
      std::any_of(text.data(), stop, [](char digit) { return digit <= 'F' && digit >= 'A'; });
  text.remove_prefix(static_cast<std::size_t>(stop - text.data()));
  if (zeros || capitals || (end == '\0') != text.empty() || (end != '\0' && text[0] != end)) {
    return std::nullopt;
  }
  if (end != '\0') text.remove_prefix(1);
  return value;
}

std::optional<QueueLine> TakeBegun(std::string_view rest) {
  const auto life = TakeNumber(rest, ' ', kHex);
  const auto next = life ? TakeNumber(rest, '\0') : std::nullopt;
  if (!next || *next == 0) return std::nullopt;
  return QueueBegun{.life = *life, .next = *next};
}

std::optional<QueueLine> TakeLetter(std::string_view rest) {
  const auto number = TakeNumber(rest, ' ');
  const auto event = number ? TakeNumber(rest, ' ') : std::nullopt;
  const auto lane = event ? TakeNumber(rest, ' ', kHex) : std::nullopt;
  if (!lane || *number == 0) return std::nullopt;
  const bool clean =
      std::ranges::all_of(rest, [](char byte) { return static_cast<unsigned char>(byte) >= ' '; });
  if (!clean || rest.empty()) return std::nullopt;
  return Letter{.number = *number, .event = *event, .lane = *lane, .body = std::string(rest)};
}

struct Writer {
  std::string operator()(const QueueBegun& begun) const {
    return std::string(kSchema) + Hex(begun.life) + " " + std::to_string(begun.next) + "\n";
  }
  std::string operator()(const Letter& letter) const {
    return "+" + std::to_string(letter.number) + " " + std::to_string(letter.event) + " " +
           Hex(letter.lane) + " " + letter.body + "\n";
  }
  std::string operator()(const LetterDone& done) const {
    return "-" + std::to_string(done.number) + "\n";
  }
  std::string operator()(const EventsDecided& decided) const {
    return "=" + std::to_string(decided.event) + "\n";
  }
};

}  // namespace

std::string ToLine(const QueueLine& line) { return std::visit(Writer(), line); }

std::optional<QueueLine> ParseQueueLine(std::string_view line) {
  if (line.starts_with(kSchema)) return TakeBegun(line.substr(kSchema.size()));
  if (line.empty()) return std::nullopt;
  std::string_view rest = line.substr(1);
  if (line[0] == '+') return TakeLetter(rest);
  const auto number = TakeNumber(rest, '\0');
  if (!number) return std::nullopt;
  if (line[0] == '-') return LetterDone{.number = *number};
  if (line[0] == '=') return EventsDecided{.event = *number};
  return std::nullopt;
}

}  // namespace hullmark
