// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hullmark/ids.h"
#include "hullmark/result.h"

namespace hullmark {

// Files that exist once per host.

// MemTotal of /proc/meminfo, see proc_meminfo(5), in bytes.
Fact<std::uint64_t> ParseMemTotal(std::string_view text);

// Whether /proc/swaps lists any area, see proc_swaps(5).
Fact<bool> ParseSwaps(std::string_view text);

// A line of /proc/cgroups, see cgroups(7): a controller that this kernel was built with.
struct CgroupController {
  std::string name;
  std::uint32_t hierarchy = 0;  // 0: not on v1.
  bool enabled = false;         // Not switched off by the boot line.

  friend bool operator==(const CgroupController&, const CgroupController&) = default;
};
Fact<std::vector<CgroupController>> ParseProcCgroups(std::string_view text);

// The bracketed word of securityfs lockdown, see kernel_lockdown(7): "none", "integrity" ...
Fact<std::string> ParseLockdown(std::string_view text);

// `text` less one final newline.
std::string_view TrimLine(std::string_view text);

// securityfs lsm: names in the order in which the modules are asked.
Fact<std::vector<std::string>> ParseLsmList(std::string_view text);

// The btime line of /proc/stat: when this kernel booted, in whole seconds.
Fact<Timestamp> ParseBootTime(std::string_view text);

// "8:0" of the dev files of sysfs block devices.
Fact<DeviceNumber> ParseDeviceNumber(std::string_view text);

// The name that /etc/group gives `gid`, see group(5): of several the first, as for getgrgid(3).
// nullopt: none.
std::optional<std::string_view> GroupNameOf(std::string_view text, Gid gid);

// How many profiles of securityfs apparmor/profiles confine what they hold: modes enforce and kill.
Fact<std::uint32_t> CountEnforcedProfiles(std::string_view text);

}  // namespace hullmark
