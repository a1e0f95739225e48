// SPDX-License-Identifier: Apache-2.0
#include "agent/enforce/limit_change.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

#include "agent/base/file.h"
#include "hullmark/result.h"

namespace hullmark {
namespace {

constexpr std::size_t kMostBytes = std::size_t{1} << 20;
constexpr std::string_view kIoMax = "io.max";

std::unexpected<Error> FailAt(const std::string& place, int error_number) {
  return Fail(CodeOfErrno(error_number), place + ": " + std::strerror(error_number));
}

// "rbps=1 wbps=max" of "rbps=1 wbps=max riops=max wiops=max": what we set of it.
std::string Bandwidth(std::string_view line) {
  const auto field = [&](std::string_view key) {
    const auto at = line.find(key);
    if (at == std::string_view::npos) return std::string(key) + "max";
    return std::string(line.substr(at, line.find(' ', at) - at));
  };
  return field("rbps=") + " " + field("wbps=");
}

std::string LineOf(std::string_view text, const LimitChange& change) {
  const bool v2 = change.file == kIoMax;
  while (!text.empty()) {
    const auto end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (!line.starts_with(change.device + " ")) continue;
    const std::string_view rest = line.substr(change.device.size() + 1);
    return v2 ? Bandwidth(rest) : std::string(rest);
  }
  return v2 ? Bandwidth("") : "0";
}

// The files of an Apply, and whether they have a line per device.
struct LimitFile {
  std::string_view name;
  bool of_devices = false;
};
constexpr std::array<LimitFile, 10> kLimitFiles = {
    {{.name = "cpu.max"},
     {.name = "cpu.cfs_quota_us"},
     {.name = "pids.max"},
     {.name = "memory.high"},
     {.name = "memory.soft_limit_in_bytes"},
     {.name = kIoMax, .of_devices = true},
     {.name = "blkio.throttle.read_bps_device", .of_devices = true},
     {.name = "blkio.throttle.write_bps_device", .of_devices = true},
     {.name = "freezer.state"},
     {.name = "cgroup.freeze"}}};

// "8:0".
bool IsDevice(std::string_view text) {
  const auto colon = text.find(':');
  const auto is_number = [](std::string_view part) {
    return !part.empty() && part.find_first_not_of("0123456789") == std::string_view::npos;
  };
  return colon != std::string_view::npos && is_number(text.substr(0, colon)) &&
         is_number(text.substr(colon + 1));
}

std::optional<std::uint64_t> PagesOf(std::string_view bytes) {
  const auto number = NumberIn(bytes);
  if (!number) return std::nullopt;
  return *number / static_cast<std::uint64_t>(getpagesize());
}

}  // namespace

std::optional<std::uint64_t> NumberIn(std::string_view value) {
  std::uint64_t number = 0;
  const char* const end = value.data() + value.size();
  const auto [stop, error] = std::from_chars(value.data(), end, number);
  if (error != std::errc{} || stop != end) return std::nullopt;
  return number;
}

bool IsSameSpot(const LimitChange& a, const LimitChange& b) {
  return a.place == b.place && a.file == b.file && a.device == b.device;
}

bool IsOfLimit(const LimitChange& change) {
  const auto* const file = std::ranges::find(kLimitFiles, change.file, &LimitFile::name);
  return file != kLimitFiles.end() &&
         (file->of_devices ? IsDevice(change.device) : change.device.empty());
}

bool IsInCgroupfs(const Fd& place) {
  const auto kind = FileSystemOf(place.get());
  return kind && (*kind == FileSystemKind::kCgroup1 || *kind == FileSystemKind::kCgroup2);
}

bool IsOurs(const LimitChange& change, std::string_view current) {
  if (current == change.value) return true;
  if (change.file == "freezer.state") return change.value == "FROZEN" && current == "FREEZING";
  if (!change.file.starts_with("memory.")) return false;
  const auto pages = PagesOf(current);
  return pages && pages == PagesOf(change.value);
}

std::string TextOf(const LimitChange& change, const std::string& value) {
  return change.device.empty() ? value : change.device + " " + value;
}

Result<Fd> OpenPlace(const CgroupPlace& place) {
  Fd directory(open(place.directory.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!directory) {
    if (errno == ENOENT) return Fail(ErrorCode::kVanished, place.directory + ": it is gone");
    return FailAt(place.directory, errno);
  }
  struct stat status = {};
  if (fstat(directory.get(), &status) != 0) return FailAt(place.directory, errno);
  if (status.st_ino != place.inode) {
    return Fail(ErrorCode::kVanished, place.directory + ": another cgroup is in its place");
  }
  return directory;
}

Result<std::string> ReadValue(const Fd& place, const std::string& file) {
  ReadBuffer buffer(kMostBytes);
  const auto text = buffer.Read(place.get(), file.c_str());
  if (!text) return Fail(text.error().code, file + ": " + std::string(NameOf(text.error().code)));
  std::string value(*text);
  if (value.ends_with('\n')) value.pop_back();
  return value;
}

Result<void> WriteValue(const Fd& place, const std::string& file, std::string_view value) {
  const Fd opened(openat(place.get(), file.c_str(), O_WRONLY | O_NOFOLLOW | O_CLOEXEC | O_TRUNC));
  if (!opened) return FailAt(file, errno);
  // In one piece: each write(2) is a command to the kernel.
  if (write(opened.get(), value.data(), value.size()) < 0) return FailAt(file, errno);
  return {};
}

Result<std::string> CurrentValue(const Fd& place, const LimitChange& change) {
  auto text = ReadValue(place, change.file);
  if (!text) return text;
  return ValueIn(*text, change);
}

std::string ValueIn(std::string_view text, const LimitChange& change) {
  if (!change.device.empty()) return LineOf(text, change);
  if (text.ends_with('\n')) text.remove_suffix(1);
  return std::string(text);
}

Result<void> Apply(const Fd& place, const LimitChange& change) {
  return Set(place, change, change.value);
}

Result<void> Set(const Fd& place, const LimitChange& change, const std::string& value) {
  return WriteValue(place, change.file, TextOf(change, value));
}

}  // namespace hullmark
