// SPDX-License-Identifier: Apache-2.0
#include "checks/kernel_settings.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <expected>
#include <optional>
#include <string_view>
#include <system_error>

#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark {

Fact<std::string_view> SysctlText(const Host& host, std::string_view name) {
  const auto at = std::ranges::find(host.sysctls, name, &Sysctl::name);
  if (at == host.sysctls.end()) return Missing(ErrorCode::kNotRead);
  if (!at->value) return std::unexpected(at->value.error());
  return std::string_view(*at->value);
}

Fact<std::int64_t> SysctlNumber(const Host& host, std::string_view name) {
  const Fact<std::string_view> text = SysctlText(host, name);
  if (!text) return std::unexpected(text.error());
  std::int64_t number = 0;
  const char* const end = text->data() + text->size();
  const auto [stop, error] = std::from_chars(text->data(), end, number);
  if (error != std::errc{} || stop != end) return Missing(ErrorCode::kMalformed);
  return number;
}

std::optional<KernelVersion> ParseKernelVersion(std::string_view release) {
  KernelVersion version;
  const char* const end = release.data() + release.size();
  const auto first = std::from_chars(release.data(), end, version.major);
  if (first.ec != std::errc{} || first.ptr == end || *first.ptr != '.') return std::nullopt;
  const auto second = std::from_chars(first.ptr + 1, end, version.minor);
  if (second.ec != std::errc{}) return std::nullopt;
  return version;
}

}  // namespace hullmark
