// SPDX-License-Identifier: Apache-2.0
#include "agent/enforce/unit_limits.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

#include "agent/base/file.h"
#include "agent/enforce/limit_change.h"
#include "hullmark/result.h"

namespace hullmark {
namespace {

struct FileProperty {
  std::string_view file, property;
};
constexpr std::array<FileProperty, 3> kProperties = {
    {{.file = "cpu.max", .property = "CPUQuotaPerSecUSec"},
     {.file = "pids.max", .property = "TasksMax"},
     {.file = "memory.high", .property = "MemoryHigh"}}};

// When one property is set systemd writes all that it knows of the unit, over what a runtime has
// written to the files alone.
constexpr std::array<const char*, 9> kBeside = {
    "cpu.weight", "cpu.max",     "pids.max",        "memory.min",      "memory.low",
    "memory.max", "memory.high", "memory.swap.max", "memory.oom.group"};

std::string PropertyOf(const LimitChange& change) {
  const auto* const found = std::ranges::find(kProperties, change.file, &FileProperty::file);
  return found == kProperties.end() ? "" : std::string(found->property);
}

std::optional<std::uint64_t> Number(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// The property for a value of the file; that of the former one is the one that was read. Of
// cpu.max, microseconds per second of "10000 100000", see cgroups(7).
std::uint64_t PropertyValue(const LimitChange& change, const std::string& value) {
  constexpr std::uint64_t kSecond = 1'000'000;
  if (value == change.former) return change.unit_former;
  const auto blank = value.find(' ');
  const auto number = Number(std::string_view(value).substr(0, blank));
  if (!number) return UINT64_MAX;
  if (blank == std::string::npos) return *number;
  const std::uint64_t period = Number(std::string_view(value).substr(blank + 1)).value_or(0);
  return period == 0 ? UINT64_MAX : *number * kSecond / period;
}

using Beside = std::array<std::optional<std::string>, kBeside.size()>;

Beside ReadBeside(const Fd& place) {
  Beside values;
  for (std::size_t at = 0; at < values.size(); ++at) {
    if (const auto value = ReadValue(place, kBeside[at])) values[at] = *value;
  }
  return values;
}

void KeepBeside(const Fd& place, const Beside& before, const std::string& file) {
  const Beside after = ReadBeside(place);
  for (std::size_t at = 0; at < before.size(); ++at) {
    if (kBeside[at] == file || !before[at] || before[at] == after[at]) continue;
    static_cast<void>(WriteValue(place, kBeside[at], *before[at]));
  }
}

}  // namespace

Result<void> FindUnit(const UnitLimits& units, LimitChange& change) {
  const std::string& directory = change.place.directory;
  const std::string name = directory.substr(directory.rfind('/') + 1);
  const bool is_unit = name.ends_with(".scope") || name.ends_with(".service");
  if (!is_unit || !units.get) return {};
  const std::string property = PropertyOf(change);
  if (property.empty()) return Fail(ErrorCode::kUnsupported, "systemd has no property of it");
  const auto former = units.get({.name = name, .directory = directory}, property);
  if (!former) return std::unexpected(former.error());
  change.unit = name;
  change.unit_former = *former;
  return {};
}

Result<void> SetLimit(const UnitLimits& units, const Fd& place, const LimitChange& change,
                      const std::string& value) {
  if (!change.unit.empty() && units.set) {
    const Beside before = ReadBeside(place);
    static_cast<void>(units.set(change.unit, PropertyOf(change), PropertyValue(change, value)));
    KeepBeside(place, before, change.file);
    const auto current = CurrentValue(place, change);
    if (current && *current == value) return {};
  }
  return Set(place, change, value);
}

Result<void> CheckUnit(const UnitLimits& units, const LimitChange& change,
                       const std::string& value) {
  if (change.unit.empty()) return {};
  const std::string name = change.unit + ": ";
  if (!units.get) return Fail(ErrorCode::kUnsupported, name + "there is no systemd to ask");
  const auto now =
      units.get({.name = change.unit, .directory = change.place.directory}, PropertyOf(change));
  if (!now) return Fail(now.error().code, name + now.error().message);
  if (*now == PropertyValue(change, value)) return {};
  return Fail(ErrorCode::kIo, name + "systemd has not taken it");
}

}  // namespace hullmark
