// SPDX-License-Identifier: Apache-2.0
#include "agent/enforce/limit_change.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <expected>
#include <string>
#include <string_view>

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

std::string TextOf(const LimitChange& change, const std::string& value) {
  return change.device.empty() ? value : change.device + " " + value;
}

}  // namespace

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
  if (!text || change.device.empty()) return text;
  return LineOf(*text, change);
}

Result<void> Apply(const Fd& place, const LimitChange& change) {
  return WriteValue(place, change.file, TextOf(change, change.value));
}

Result<void> Restore(const Fd& place, const LimitChange& change) {
  return WriteValue(place, change.file, RestoreText(change));
}

std::string RestoreText(const LimitChange& change) { return TextOf(change, change.former); }

}  // namespace hullmark
