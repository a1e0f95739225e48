// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "hullmark/ids.h"
#include "hullmark/limits.h"
#include "hullmark/result.h"

namespace hullmark {

// The limit files of cgroups, see cgroups(7) and the kernel's cgroup-v1 and cgroup-v2 guides. Each
// takes a whole file, with or without its final newline. Bytes and bytes per second, microseconds.

// memory.limit_in_bytes and its kin of v1: a count of bytes whose largest values mean no limit.
Fact<Limit> ParseMemoryV1(std::string_view text);

// "max" or a number: memory.max, memory.high, pids.max of either version ...
Fact<Limit> ParseMaxOrNumber(std::string_view text);

// cpu.max: "max 100000" or "50000 100000".
Fact<CpuQuota> ParseCpuMax(std::string_view text);

// cpu.cfs_quota_us, -1 being unlimited, and cpu.cfs_period_us of v1.
Fact<CpuQuota> ParseCfsQuota(std::string_view quota_text, std::string_view period_text);

// A number alone: cpu.shares, cpu.weight, memory.low, cap_last_cap ...
Fact<std::uint64_t> ParseNumber(std::string_view text);

// The weight that holds where no device has its own: "default 100" first, or a number alone.
Fact<std::uint64_t> ParseIoWeight(std::string_view text);

// io.max: "8:0 rbps=1048576 wbps=max riops=max wiops=120" per limited device; none: no limits.
Fact<std::vector<IoLimit>> ParseIoMax(std::string_view text);

// A line of a blkio.throttle file of v1: what one device may do per second.
struct DeviceThrottle {
  DeviceNumber device;
  std::uint64_t value = 0;

  friend bool operator==(const DeviceThrottle&, const DeviceThrottle&) = default;
};
Fact<std::vector<DeviceThrottle>> ParseThrottle(std::string_view text);

// memory.oom_control of v1: whether the kernel leaves the group's processes hanging instead.
Fact<bool> ParseOomKillDisabled(std::string_view text);

// A switch: memory.use_hierarchy of v1.
Fact<bool> ParseZeroOrOne(std::string_view text);

// "0-1,4" of cpuset.cpus, /sys/devices/system/cpu/online ...: ascending; below the 8192 that
// kernels can be built for, else kMalformed.
Fact<std::vector<std::uint32_t>> ParseCpuList(std::string_view text);

}  // namespace hullmark
