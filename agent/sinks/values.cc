// SPDX-License-Identifier: Apache-2.0
#include "agent/sinks/values.h"

#include <fmt/core.h>

#include <array>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hullmark/caps.h"
#include "hullmark/ids.h"
#include "hullmark/report.h"
#include "hullmark/snapshot.h"

namespace hullmark {

std::string ToRfc3339(Timestamp time) {
  using std::chrono::floor, std::chrono::milliseconds;
  // Whole days before the first time that nanoseconds can tell are not to be had in nanoseconds.
  const auto at = floor<milliseconds>(std::chrono::sys_time<std::chrono::nanoseconds>{
      std::chrono::nanoseconds{std::to_underlying(time)}});
  const auto day = floor<std::chrono::sys_days::duration>(at);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{at - day};
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count(),
                     clock.subseconds().count());
}

std::string EndText(Timestamp end) {
  constexpr std::int64_t kDay = std::int64_t{24} * 3600 * 1'000'000'000;
  const std::int64_t time = std::to_underlying(end);
  if (time % kDay == 0) return ToRfc3339(Timestamp{time - 1}).substr(0, 10);
  const std::string text = ToRfc3339(end);
  return text.substr(0, 10) + " " + text.substr(11, 5) + " UTC";
}

std::string PointsText(MilliPoints points) {
  std::string text = fmt::format("{}.{:03}", points / 1000, std::abs(points % 1000));
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text;
}

std::string BytesText(std::uint64_t bytes) {
  constexpr std::array<std::string_view, 7> kUnits = {"B",   "KiB", "MiB", "GiB",
                                                      "TiB", "PiB", "EiB"};
  std::size_t unit = 0;
  std::uint64_t whole = bytes;
  for (; whole >= 1024 && unit + 1 < kUnits.size(); ++unit) whole >>= 10;
  const int shift = static_cast<int>(unit) * 10;
  if (shift <= std::countr_zero(bytes)) return fmt::format("{} {}", whole, kUnits[unit]);
  const double scaled = static_cast<double>(bytes) / static_cast<double>(std::uint64_t{1} << shift);
  return fmt::format("{:.1f} {}", scaled, kUnits[unit]);
}

std::vector<std::string> NamesOf(CapSet caps) {
  std::vector<std::string> names;
  for (std::uint64_t bits = caps.bits(); bits != 0; bits &= bits - 1) {
    const int number = std::countr_zero(bits);
    const auto name = NameOfCap(number);
    names.push_back(name ? std::string(*name) : fmt::format("bit {}", number));
  }
  return names;
}

std::optional<Timestamp> StartOf(const Snapshot& snapshot, const Container& container) {
  constexpr std::uint64_t kNanosecondsPerTick = 10'000'000;
  constexpr std::uint64_t kMostTicks = 1ULL << 36;  // 21 years: a forged tree may say more.
  if (!container.init || !snapshot.host.booted_at) return std::nullopt;
  const auto ticks = std::to_underlying(snapshot.At(*container.init).stat.start);
  const auto booted = std::to_underlying(*snapshot.host.booted_at);
  if (ticks > kMostTicks || booted < 0 || booted > INT64_MAX / 2) return std::nullopt;
  return Timestamp{booted + static_cast<std::int64_t>(ticks * kNanosecondsPerTick)};
}

std::string_view CallName(const Snapshot& snapshot, const Container& container) {
  const std::string_view name = snapshot.Text(container.name);
  return name.empty() ? snapshot.Text(container.id).substr(0, 12) : name;
}

}  // namespace hullmark
