// SPDX-License-Identifier: Apache-2.0
#include "agent/enforce/unit_limits.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "agent/base/file.h"
#include "agent/enforce/limit_change.h"
#include "hullmark/result.h"

namespace hullmark {
namespace {

struct FileProperty {
  std::string_view file, property;
  std::string_view none = "max";  // What the file has where the property is not set.
};
// Those that are set.
constexpr std::array<FileProperty, 3> kProperties = {
    {{.file = "cpu.max", .property = "CPUQuotaPerSecUSec"},
     {.file = "pids.max", .property = "TasksMax"},
     {.file = "memory.high", .property = "MemoryHigh"}}};

// When one property is set systemd writes all that it knows of the unit, over what a runtime has
// written to the files alone.
constexpr std::array<FileProperty, 8> kBeside = {
    {{.file = "cpu.weight", .property = "CPUWeight", .none = "100"},
     {.file = "cpu.max", .property = "CPUQuotaPerSecUSec"},
     {.file = "pids.max", .property = "TasksMax"},
     {.file = "memory.min", .property = "MemoryMin"},
     {.file = "memory.low", .property = "MemoryLow"},
     {.file = "memory.max", .property = "MemoryMax"},
     {.file = "memory.high", .property = "MemoryHigh"},
     {.file = "memory.swap.max", .property = "MemorySwapMax"}}};
// Of which systemd writes what is no number of its.
constexpr const char* kOomGroup = "memory.oom.group";
constexpr std::chrono::seconds kLong{1}, kRest{30};
constexpr std::uint64_t kPeriod = 100'000;  // Microseconds, of cpu.max, where none is set.

std::string PropertyOf(const LimitChange& change) {
  const auto* const found = std::ranges::find(kProperties, change.file, &FileProperty::file);
  return found == kProperties.end() ? "" : std::string(found->property);
}

// The property for a value of the file; that of the former one is the one that was read. Of
// cpu.max, microseconds per second of "10000 100000", see cgroups(7).
std::uint64_t PropertyValue(const LimitChange& change, const std::string& value) {
  constexpr std::uint64_t kSecond = 1'000'000;
  if (value == change.former) return change.unit_former;
  const auto blank = value.find(' ');
  const auto number = NumberIn(std::string_view(value).substr(0, blank));
  if (!number) return UINT64_MAX;
  if (blank == std::string::npos) return *number;
  const std::uint64_t period = NumberIn(std::string_view(value).substr(blank + 1)).value_or(0);
  return period == 0 ? UINT64_MAX : *number * kSecond / period;
}

// The files of a cgroup that systemd writes too, by name.
using Beside = std::map<std::string, std::string>;

Beside ReadBeside(const Fd& place) {
  Beside values;
  const auto read = [&](std::string file) {
    if (auto value = ReadValue(place, file)) values[std::move(file)] = *value;
  };
  for (const FileProperty& one : kBeside) read(std::string(one.file));
  read(kOomGroup);
  return values;
}

void KeepBeside(const Fd& place, const Beside& before, const std::string& file) {
  const Beside after = ReadBeside(place);
  for (const auto& [name, value] : before) {
    const auto now = after.find(name);
    if (name == file || (now != after.end() && now->second == value)) continue;
    static_cast<void>(WriteValue(place, name, value));
  }
}

std::optional<std::uint64_t> Find(const UnitLimits::Unit& unit, std::string_view property) {
  const auto found = unit.properties.find(std::string(property));
  return found == unit.properties.end() ? std::nullopt : std::optional(found->second);
}

// What systemd would write to a file; nullopt: there is no such property.
std::optional<std::string> TextBySystemd(const UnitLimits::Unit& unit, const FileProperty& one) {
  const auto value = Find(unit, one.property);
  if (!value) return std::nullopt;
  const std::string text = *value == UINT64_MAX ? std::string(one.none) : std::to_string(*value);
  if (one.file != "cpu.max") return text;
  const auto set = Find(unit, "CPUQuotaPeriodUSec");
  const std::uint64_t period = set && *set != UINT64_MAX ? *set : kPeriod;
  if (*value == UINT64_MAX) return text + " " + std::to_string(period);
  constexpr std::uint64_t kSecond = 1'000'000;
  return std::to_string(*value * period / kSecond) + " " + std::to_string(period);
}

// Which file, beside that of the change, systemd would overwrite with something else; "": none. It
// would be put right at once, but not by an agent that is killed in that moment.
std::string_view NewsToSystemd(const UnitLimits::Unit& unit, const LimitChange& change) {
  const auto place = OpenPlace(change.place);
  if (!place) return "";
  const Beside files = ReadBeside(*place);
  for (const FileProperty& one : kBeside) {
    const auto now = files.find(std::string(one.file));
    const auto known = TextBySystemd(unit, one);
    if (one.file == change.file || now == files.end() || !known) continue;
    if (!IsOurs({.file = now->first, .value = *known}, now->second)) return one.file;
  }
  return "";
}

}  // namespace

UnitLimits AskSparingly(UnitLimits units,
                        std::function<std::chrono::steady_clock::time_point()> now) {
  if (!units.get) return units;
  const auto rests_until = std::make_shared<std::chrono::steady_clock::time_point>();
  const auto ask = [now = std::move(now), rests_until](const auto& question) {
    const auto begun = now();
    using Answer = decltype(question());
    if (begun < *rests_until) {
      return Answer(Fail(ErrorCode::kIo, "systemd has not answered a moment ago"));
    }
    Answer answer = question();
    const auto ended = now();
    if (!answer && ended - begun >= kLong) *rests_until = ended + kRest;
    return answer;
  };
  return {
      .get = [ask,
              get = units.get](const std::string& unit) { return ask([&] { return get(unit); }); },
      .set = [ask, set = units.set](
                 const std::string& unit, const std::string& property,
                 std::uint64_t value) { return ask([&] { return set(unit, property, value); }); }};
}

std::string PathInMount(const std::string& directory) {
  struct stat own = {};
  struct stat above = {};
  if (stat(directory.c_str(), &own) != 0) return "";
  for (std::size_t end = 0; end != std::string::npos; end = directory.find('/', end + 1)) {
    if (stat(end == 0 ? "/" : directory.substr(0, end).c_str(), &above) != 0) return "";
    if (above.st_dev == own.st_dev) return directory.substr(end);
  }
  return "/";
}

Result<void> FindUnit(const UnitLimits& units, LimitChange& change) {
  const std::string& directory = change.place.directory;
  const std::string name = directory.substr(directory.rfind('/') + 1);
  if (!units.get || !(name.ends_with(".scope") || name.ends_with(".service"))) return {};
  if (name.ends_with(".service")) {
    return Fail(ErrorCode::kUnsupported, "a limit of a service would outlive its cgroup");
  }
  const std::string property = PropertyOf(change);
  if (property.empty()) return Fail(ErrorCode::kUnsupported, "systemd has no property of it");
  const auto unit = units.get(name);
  if (!unit) return std::unexpected(unit.error());
  // A unit of a user's systemd, or no unit at all, that has the name of one.
  if (unit->cgroup.empty() || unit->cgroup != PathInMount(directory)) {
    return Fail(ErrorCode::kNotFound, "systemd: no unit of its has this cgroup");
  }
  const auto former = Find(*unit, property);
  if (!former) return Fail(ErrorCode::kUnsupported, "systemd has no property of it");
  const std::string_view news = NewsToSystemd(*unit, change);
  if (!news.empty()) {
    return Fail(ErrorCode::kUnsupported, "systemd does not know of " + std::string(news));
  }
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
  const auto unit = units.get(change.unit);
  if (!unit) return Fail(unit.error().code, name + unit.error().message);
  const auto now = Find(*unit, PropertyOf(change));
  if (now == PropertyValue(change, value)) return {};
  return Fail(ErrorCode::kIo, name + "systemd has not taken it");
}

}  // namespace hullmark
