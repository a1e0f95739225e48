// SPDX-License-Identifier: Apache-2.0
#include "agent/hooks/retry_after.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <system_error>

#include "agent/hooks/delivery.h"

namespace hullmark {
namespace {

using std::chrono::seconds;

bool IsDigit(char byte) { return byte >= '0' && byte <= '9'; }

// Digits at a place of a text that is long enough.
int NumberAt(std::string_view text, std::size_t at, std::size_t length) {
  int number = -1;
  const char* const end = text.data() + at + length;
  if (!IsDigit(text[at]) || std::from_chars(text.data() + at, end, number).ptr != end) return -1;
  return number;
}

unsigned MonthOf(std::string_view name) {
  constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto at = std::ranges::find(kMonths, name);
  return static_cast<unsigned>(at - kMonths.begin()) + 1;
}

// Seconds since 1970 of an IMF-fixdate; its day of the week is not looked at.
std::optional<std::int64_t> ParseDate(std::string_view text) {
  constexpr std::string_view kForm = "___, __ ___ ____ __:__:__ GMT";
  if (text.size() != kForm.size()) return std::nullopt;
  for (std::size_t at = 0; at < kForm.size(); ++at) {
    if (kForm[at] != '_' && kForm[at] != text[at]) return std::nullopt;
  }
  const int day = NumberAt(text, 5, 2);
  const int year = NumberAt(text, 12, 4);
  const int hour = NumberAt(text, 17, 2);
  const int minute = NumberAt(text, 20, 2);
  const int second = NumberAt(text, 23, 2);
  if (day < 0 || year < 0 || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 ||
      second > 60) {
    return std::nullopt;
  }
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(MonthOf(text.substr(8, 3))),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return std::nullopt;
  const std::int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  return ((days * 24 + hour) * 60 + minute) * 60 + second;
}

}  // namespace

std::optional<seconds> ParseRetryAfter(std::string_view text, std::int64_t now) {
  if (!text.empty() && std::ranges::all_of(text, IsDigit)) {
    std::int64_t count = 0;
    const auto error = std::from_chars(text.data(), text.data() + text.size(), count).ec;
    return error == std::errc() ? std::min(seconds(count), kLongestRetryAfter) : kLongestRetryAfter;
  }
  const auto date = ParseDate(text);
  if (!date) return std::nullopt;
  return std::clamp(seconds(*date - now), seconds(0), kLongestRetryAfter);
}

}  // namespace hullmark
