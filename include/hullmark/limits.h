// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "hullmark/ids.h"
#include "hullmark/result.h"

namespace hullmark {

enum class CgroupVersion : std::uint8_t { kV1, kV2 };

// Resource controllers whose files are read, see cgroups(7).
enum class Controller : std::uint8_t { kMemory, kCpu, kPids, kCpuset, kIo, kDevices };
inline constexpr int kControllers = 6;
inline constexpr std::array<std::string_view, kControllers> kControllerNames = {
    "memory", "cpu", "pids", "cpuset", "io", "devices"};

// "unlimited" is nullopt: max on v2, the PAGE_COUNTER_MAX or -1 sentinel on v1.
using Limit = std::optional<std::uint64_t>;

// Bandwidth: `quota` microseconds of CPU time per `period` microseconds; nullopt quota: unlimited.
struct CpuQuota {
  Limit quota;
  std::uint64_t period = 100000;

  friend bool operator==(const CpuQuota&, const CpuQuota&) = default;
};

// What one device may do per second, from io.max or the blkio.throttle files.
struct IoLimit {
  DeviceNumber device{};
  Limit read_bytes{}, write_bytes{}, read_operations{}, write_operations{};

  friend bool operator==(const IoLimit&, const IoLimit&) = default;
};

// A line of devices.list (v1) or an allow entry of the benchmark: "c 1:3 rwm", "a *:* rwm".
struct DeviceRule {
  char type = 'a';                                // a, b or c.
  std::optional<std::uint32_t> major{}, minor{};  // nullopt: any.
  bool read = false, write = false, make = false;

  friend bool operator==(const DeviceRule&, const DeviceRule&) = default;
};

// The files of one controller in one cgroup directory. A file that is absent there is kNotFound:
// on v2 the controller is not enabled for it, so an ancestor decides.
struct MemoryFiles {
  Fact<Limit> max = Missing(ErrorCode::kNotRead);   // v1 limit_in_bytes, v2 max.
  Fact<Limit> high = Missing(ErrorCode::kNotRead);  // v2 only.
  Fact<Limit> reservation =
      Missing(ErrorCode::kNotRead);                   // v1 soft_limit_in_bytes (nullopt: none);
                                                      // v2 the larger of low and min (0: none).
  Fact<Limit> swap = Missing(ErrorCode::kNotRead);    // v1 memsw (memory + swap), v2 swap.max.
  Fact<Limit> kernel = Missing(ErrorCode::kNotRead);  // v1 kmem.limit_in_bytes.
  Fact<bool> oom_kill_disabled = Missing(ErrorCode::kNotRead);  // v1 oom_control.
  // v1 use_hierarchy; false: the limits here do not bind the cgroups below. Only before 5.11.
  Fact<bool> use_hierarchy = Missing(ErrorCode::kNotRead);
};
struct CpuFiles {
  Fact<CpuQuota> quota = Missing(ErrorCode::kNotRead);  // cfs_quota_us + cfs_period_us, cpu.max.
  Fact<std::uint64_t> weight =
      Missing(ErrorCode::kNotRead);  // v1 shares, v2 weight: never converted.
};
struct PidsFiles {
  Fact<Limit> max = Missing(ErrorCode::kNotRead);
};
struct CpusetFiles {
  Fact<StringId> cpus = Missing(ErrorCode::kNotRead);  // "0-1,4"; "" on v2 inherits.
  Fact<StringId> effective = Missing(ErrorCode::kNotRead);
};
struct IoFiles {
  Fact<std::uint64_t> weight = Missing(ErrorCode::kNotRead);  // Any of the weight files' default.
  bool weight_is_bfq = false;  // Default 100 either way; v1 CFQ's (before 5.0) was 500.
  Fact<IoLimitListIndex> limits = Missing(ErrorCode::kNotRead);
};
struct DeviceFiles {
  Fact<DeviceListIndex> rules = Missing(ErrorCode::kNotRead);   // v1 devices.list.
  Fact<std::uint32_t> programs = Missing(ErrorCode::kNotRead);  // v2: effective device programs
                                                                // (BPF_PROG_QUERY).
};

// A limit in force on a container: the smallest over its cgroup and all ancestors.
template <typename T>
struct InForce {
  Fact<T> value = Missing(ErrorCode::kNotRead);
  std::optional<CgroupIndex> source{};  // The cgroup whose file binds; nullopt: none does.
};

// Derived once per container from the cgroup tables. kNotFound means that the controller is mounted
// or available but no cgroup on the path has the file; kUnsupported that the kernel or boot line
// has switched the controller off; kVantage that it is not mounted where we look.
struct LimitsInForce {
  InForce<Limit> memory;              // Bytes.
  InForce<Limit> memory_high;         // Bytes, v2.
  InForce<Limit> memory_reservation;  // Bytes, own cgroup only: a reservation is not inherited.
  InForce<Limit> swap;                // v1: memory + swap bytes; v2: swap bytes.
  InForce<Limit> kernel_memory;       // Bytes, v1.
  InForce<bool> oom_kill_disabled;    // v1.
  InForce<Limit> pids;
  InForce<CpuQuota> cpu_quota;        // Smallest quota/period.
  InForce<std::uint64_t> cpu_weight;  // First cgroup, from the container up to the manager's slice,
                                      // whose value is not the default; else the container's own.
  InForce<StringId> cpuset;           // Effective CPUs of the container's cgroup.
  InForce<std::uint64_t> io_weight;
  InForce<IoLimitListIndex> io_limits;  // Per device the smallest of each over the path.
  InForce<DeviceListIndex> device_rules;
  InForce<std::uint32_t> device_programs;
};

}  // namespace hullmark
