// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon/process_usage.h"

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "agent/base/file.h"
#include "agent/sinks/metrics/self_metrics.h"
#include "hullmark/ids.h"

namespace hullmark {
namespace {

constexpr std::size_t kMostBytes = 4'096;
constexpr std::size_t kMostFds = 100'000;
constexpr std::int64_t kSecond = 1'000'000'000;

// Numbers of /proc/PID/stat by their position after the name, see proc_pid_stat(5); 0 is field 3.
constexpr std::size_t kUserTime = 11, kSystemTime = 12, kStart = 19, kVirtual = 20, kResident = 21;

using Numbers = std::array<std::uint64_t, kResident + 1>;

std::optional<Numbers> NumbersOf(std::string_view stat) {
  Numbers numbers = {};
  stat.remove_prefix(std::min(stat.rfind(')') + 1, stat.size()));
  for (std::uint64_t& number : numbers) {
    stat.remove_prefix(std::min(stat.find_first_not_of(' '), stat.size()));
    if (stat.empty()) return std::nullopt;
    // The state is a letter, and a few fields may be negative: nobody asks for those.
    std::from_chars(stat.data(), stat.data() + stat.size(), number);
    stat.remove_prefix(std::min(stat.find(' '), stat.size()));
  }
  return numbers;
}

std::int64_t NanosecondsOf(clockid_t clock) {
  timespec now = {};
  clock_gettime(clock, &now);
  return now.tv_sec * kSecond + now.tv_nsec;
}

Timestamp TimeOfTicks(std::uint64_t ticks, std::uint64_t per_second) {
  const std::int64_t boot = NanosecondsOf(CLOCK_REALTIME) - NanosecondsOf(CLOCK_BOOTTIME);
  return Timestamp{boot + static_cast<std::int64_t>(ticks * (kSecond / per_second))};
}

// The soft limit of /proc/PID/limits, see proc_pid_limits(5). Not prlimit(2): of a process of
// another user it takes CAP_SYS_RESOURCE. nullopt: unlimited, or not there.
std::optional<std::uint64_t> MostFdsOf(std::string_view limits) {
  constexpr std::string_view kName = "\nMax open files ";
  const auto at = limits.find(kName);
  if (at == std::string_view::npos) return std::nullopt;
  limits.remove_prefix(at + kName.size());
  limits.remove_prefix(std::min(limits.find_first_not_of(' '), limits.size()));
  std::uint64_t most = 0;
  const auto [stop, error] = std::from_chars(limits.data(), limits.data() + limits.size(), most);
  return error == std::errc{} ? std::optional(most) : std::nullopt;
}

}  // namespace

std::optional<ProcessUsage> UsageOf(Pid pid) {
  const auto path = "/proc/" + std::to_string(std::to_underlying(pid));
  const auto directory = OpenDirectory(AT_FDCWD, path.c_str());
  if (!directory) return std::nullopt;
  ReadBuffer buffer(kMostBytes);
  const auto text = buffer.Read(directory->get(), "stat");
  const auto numbers = text ? NumbersOf(*text) : std::nullopt;
  if (!numbers) return std::nullopt;
  const auto fds = ListDirectory(directory->get(), "fd", kMostFds);
  const auto limits = buffer.Read(directory->get(), "limits");
  const auto ticks = static_cast<std::uint64_t>(sysconf(_SC_CLK_TCK));
  const auto page = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  return ProcessUsage{
      .cpu_seconds = static_cast<double>((*numbers)[kUserTime] + (*numbers)[kSystemTime]) /
                     static_cast<double>(ticks),
      .resident_bytes = (*numbers)[kResident] * page,
      .virtual_bytes = (*numbers)[kVirtual],
      .open_fds = fds ? std::optional<std::uint64_t>(fds->size()) : std::nullopt,
      .max_fds = limits ? MostFdsOf(*limits) : std::nullopt,
      .started = TimeOfTicks((*numbers)[kStart], ticks)};
}

}  // namespace hullmark
