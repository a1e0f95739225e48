// SPDX-License-Identifier: Apache-2.0
#include "agent/config/units.h"

#include <array>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "hullmark/ids.h"

namespace hullmark {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t size;
};

// "15s" times its unit; nullopt where that is more than `most`.
std::optional<std::uint64_t> ParseMeasure(std::string_view text, std::span<const Unit> units,
                                          std::uint64_t most) {
  std::uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{}) return std::nullopt;
  for (const Unit& unit : units) {
    if (std::string_view(stop, end) != unit.name) continue;
    return number <= most / unit.size ? std::optional(number * unit.size) : std::nullopt;
  }
  return std::nullopt;
}

// A number of so many digits, nothing else: strptime(3) takes blanks, signs and fewer digits too.
std::optional<int> Digits(std::string_view text) {
  int number = 0;
  for (const char digit : text) {
    if (digit < '0' || digit > '9') return std::nullopt;
    number = number * 10 + (digit - '0');
  }
  return number;
}

constexpr std::size_t kDateTime = std::string_view("2026-11-21T20:15:00").size();

// "2026-11-21T20:15:00" as seconds since the epoch, as if it were UTC.
std::optional<std::int64_t> ParseDateTime(std::string_view text) {
  if (text.size() != kDateTime || text[4] != '-' || text[7] != '-' || text[10] != 'T' ||
      text[13] != ':' || text[16] != ':') {
    return std::nullopt;
  }
  constexpr std::array<std::pair<std::size_t, std::size_t>, 6> kParts = {
      {{0, 4}, {5, 2}, {8, 2}, {11, 2}, {14, 2}, {17, 2}}};
  std::array<int, kParts.size()> numbers{};
  for (std::size_t at = 0; at < kParts.size(); ++at) {
    const auto number = Digits(text.substr(kParts[at].first, kParts[at].second));
    if (!number) return std::nullopt;
    numbers[at] = *number;
  }
  std::tm parts = {};
  parts.tm_year = numbers[0] - 1900;
  parts.tm_mon = numbers[1] - 1;
  parts.tm_mday = numbers[2];
  parts.tm_hour = numbers[3];
  parts.tm_min = numbers[4];
  parts.tm_sec = numbers[5];
  // timegm(3) turns the 31st of February into the 3rd of March.
  std::tm normal = parts;
  const std::int64_t seconds = timegm(&normal);
  const bool same = normal.tm_year == parts.tm_year && normal.tm_mon == parts.tm_mon &&
                    normal.tm_mday == parts.tm_mday && normal.tm_hour == parts.tm_hour &&
                    normal.tm_min == parts.tm_min && normal.tm_sec == parts.tm_sec;
  return same ? std::optional(seconds) : std::nullopt;
}

// The offset of "Z", "+01:00" or "-02:30" in seconds.
std::optional<std::int64_t> ParseOffset(std::string_view text) {
  if (text == "Z" || text == "z") return 0;
  if (text.size() != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':') return std::nullopt;
  const auto hours = Digits(text.substr(1, 2));
  const auto minutes = Digits(text.substr(4, 2));
  if (!hours || !minutes || *hours > 23 || *minutes > 59) return std::nullopt;
  const std::int64_t seconds = (std::int64_t{*hours} * 60 + *minutes) * 60;
  return text[0] == '-' ? -seconds : seconds;
}

// ".25" as nanoseconds; takes it from the front of `rest`.
std::optional<std::int64_t> TakeFraction(std::string_view& rest) {
  if (!rest.starts_with('.')) return 0;
  std::int64_t nanoseconds = 0;
  std::int64_t unit = 100'000'000;
  std::size_t at = 1;
  for (; at < rest.size() && rest[at] >= '0' && rest[at] <= '9'; ++at, unit /= 10) {
    nanoseconds += (rest[at] - '0') * unit;
  }
  if (at == 1) return std::nullopt;
  rest.remove_prefix(at);
  return nanoseconds;
}

}  // namespace

std::optional<std::chrono::milliseconds> ParseDuration(std::string_view text) {
  constexpr std::array<Unit, 4> kUnits = {
      {{"ms", 1}, {"s", 1'000}, {"m", 60'000}, {"h", 3'600'000}}};
  constexpr std::uint64_t kMost = std::uint64_t{100} * 366 * 24 * 3'600'000;
  const auto milliseconds = ParseMeasure(text, kUnits, kMost);
  if (!milliseconds) return std::nullopt;
  return std::chrono::milliseconds(static_cast<std::int64_t>(*milliseconds));
}

std::optional<std::uint64_t> ParseSize(std::string_view text) {
  constexpr std::array<Unit, 5> kUnits = {{{"B", 1},
                                           {"KiB", std::uint64_t{1} << 10},
                                           {"MiB", std::uint64_t{1} << 20},
                                           {"GiB", std::uint64_t{1} << 30},
                                           {"TiB", std::uint64_t{1} << 40}}};
  return ParseMeasure(text, kUnits, INT64_MAX);
}

std::optional<Timestamp> ParseTime(std::string_view text) {
  const auto date_time = ParseDateTime(text.substr(0, kDateTime));
  if (!date_time) return std::nullopt;
  auto rest = text.substr(kDateTime);
  const auto nanoseconds = TakeFraction(rest);
  const auto offset = ParseOffset(rest);
  if (!nanoseconds || !offset) return std::nullopt;
  const std::int64_t seconds = *date_time - *offset;
  constexpr std::int64_t kPerSecond = 1'000'000'000;
  constexpr std::int64_t kMost = INT64_MAX / kPerSecond - 1;
  if (seconds < 0 || seconds > kMost) return std::nullopt;
  return Timestamp{seconds * kPerSecond + *nanoseconds};
}

std::optional<Timestamp> ParseEnd(std::string_view text) {
  constexpr std::size_t kDate = std::string_view("2026-12-31").size();
  constexpr std::int64_t kDay = std::int64_t{24} * 3600 * 1'000'000'000;
  if (text.size() != kDate) return ParseTime(text);
  const auto start = ParseTime(std::string(text) + "T00:00:00Z");
  if (!start || std::to_underlying(*start) > INT64_MAX - kDay) return std::nullopt;
  return Timestamp{std::to_underlying(*start) + kDay};
}

}  // namespace hullmark
