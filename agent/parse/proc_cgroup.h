// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "hullmark/result.h"

namespace hullmark {

// A line of /proc/PID/cgroup. The views live as long as the text.
struct CgroupLine {
  std::uint32_t hierarchy = 0;   // 0: v2.
  std::string_view controllers;  // "cpu,cpuacct", "name=systemd"; "" for v2.
  std::string_view path;         // From the root of the reader's cgroup namespace; as it stands.
  bool outside_view = false;     // Begins with "/..": not below that root.
};

// Parses the whole of /proc/PID/cgroup, see cgroups(7). Paths keep a " (deleted)" suffix: a
// directory may bear that name, only looking tells. Empty where no hierarchy exists. kMalformed for
// a path that is not absolute or controllers where the hierarchy has none and vice versa.
Fact<std::vector<CgroupLine>> ParseProcCgroup(std::string_view text);

// The path without the suffix that the kernel adds when the directory is gone; nullopt without one.
std::optional<std::string_view> WithoutDeletedSuffix(std::string_view path);

}  // namespace hullmark
