// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string_view>

#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark {

// The value of /proc/sys/`name` ("kernel/pid_max"). Errors: of the file (kNotFound: this kernel has
// no such setting); kNotRead when the snapshot does not list it.
Fact<std::string_view> SysctlText(const Host& host, std::string_view name);

// The same as one number. Errors: as SysctlText; kMalformed.
Fact<std::int64_t> SysctlNumber(const Host& host, std::string_view name);

struct KernelVersion {
  std::uint32_t major = 0, minor = 0;

  friend constexpr auto operator<=>(const KernelVersion&, const KernelVersion&) = default;
};

// The first two numbers of "6.1.0-21-amd64", see uname(2).
std::optional<KernelVersion> ParseKernelVersion(std::string_view release);

}  // namespace hullmark
