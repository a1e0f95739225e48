// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon/process_usage.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
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

}  // namespace

std::optional<ProcessUsage> UsageOf(Pid pid) {
  const auto path = "/proc/" + std::to_string(std::to_underlying(pid));
  const auto directory = OpenDirectory(AT_FDCWD, path.c_str());
  if (!directory) return std::nullopt;
  ReadBuffer buffer(kMostBytes);
  const auto text = buffer.Read(directory->get(), "stat");
  const auto numbers = text ? NumbersOf(*text) : std::nullopt;
  const auto fds = ListDirectory(directory->get(), "fd", kMostFds);
  rlimit most_fds = {};
  if (!numbers || !fds ||
      prlimit(std::to_underlying(pid), RLIMIT_NOFILE, nullptr, &most_fds) != 0) {
    return std::nullopt;
  }
  const auto ticks = static_cast<std::uint64_t>(sysconf(_SC_CLK_TCK));
  const auto page = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  return ProcessUsage{
      .cpu_seconds = static_cast<double>((*numbers)[kUserTime] + (*numbers)[kSystemTime]) /
                     static_cast<double>(ticks),
      .resident_bytes = (*numbers)[kResident] * page,
      .virtual_bytes = (*numbers)[kVirtual],
      .open_fds = fds->size(),
      .max_fds = most_fds.rlim_cur,
      .started = TimeOfTicks((*numbers)[kStart], ticks)};
}

}  // namespace hullmark
