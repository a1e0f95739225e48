// SPDX-License-Identifier: Apache-2.0
#include "agent/base/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/stat.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hullmark/ids.h"
#include "hullmark/result.h"

namespace hullmark {

Fd::~Fd() {
  if (fd_ >= 0) close(fd_);
}

Fault FaultOfErrno() {
  const int number = errno;
  return Fault{.code = CodeOfErrno(number), .error_number = static_cast<std::uint16_t>(number)};
}

Fact<std::string_view> ReadBuffer::ReadUpTo(int directory, const char* path, bool& truncated) {
  truncated = false;
  const Fd file(openat(directory, path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  if (!file) return std::unexpected(FaultOfErrno());
  std::size_t length = 0;
  while (true) {
    const ssize_t got = read(file.get(), bytes_.data() + length, bytes_.size() - length);
    if (got < 0) return std::unexpected(FaultOfErrno());
    if (got == 0) return std::string_view(bytes_.data(), length);
    length += static_cast<std::size_t>(got);
    // procfs fills what fits: a short read of a file that fits the buffer is its end, but only a
    // read of 0 proves it. Small files cost the one read more that a reader must pay.
    if (length < bytes_.size()) continue;
    if (length > cap_) {
      truncated = true;
      return std::string_view(bytes_.data(), cap_);
    }
    bytes_.resize(std::min(cap_ + 1, bytes_.size() * 2));
  }
}

Fact<std::string_view> ReadBuffer::Read(int directory, const char* path) {
  bool truncated = false;
  auto text = ReadUpTo(directory, path, truncated);
  if (text && truncated) return Missing(ErrorCode::kTruncated);
  return text;
}

Fact<std::string_view> ReadBuffer::ReadAgain(int fd) {
  while (true) {
    const ssize_t got = pread(fd, bytes_.data(), bytes_.size(), 0);
    if (got < 0) return std::unexpected(FaultOfErrno());
    const auto length = static_cast<std::size_t>(got);
    if (length < bytes_.size()) return std::string_view(bytes_.data(), length);
    if (length > cap_) return Missing(ErrorCode::kTruncated);
    bytes_.resize(std::min(cap_ + 1, bytes_.size() * 2));
  }
}

Fact<std::string_view> ReadBuffer::ReadLink(int directory, const char* path) {
  const ssize_t length = readlinkat(directory, path, bytes_.data(), bytes_.size());
  if (length < 0) return std::unexpected(FaultOfErrno());
  if (static_cast<std::size_t>(length) == bytes_.size()) return Missing(ErrorCode::kTruncated);
  return std::string_view(bytes_.data(), static_cast<std::size_t>(length));
}

Fact<Fd> OpenDirectory(int directory, const char* path) {
  Fd opened(openat(directory, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  if (!opened) return std::unexpected(FaultOfErrno());
  return opened;
}

namespace {

// The first `most` of what is in a directory, in the order of the file system.
Fact<std::vector<DirectoryEntry>> EntriesUpTo(int directory, const char* path, std::size_t most,
                                              bool& truncated) {
  truncated = false;
  const int fd = openat(directory, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return std::unexpected(FaultOfErrno());
  const std::unique_ptr<DIR, int (*)(DIR*)> listing(fdopendir(fd), closedir);
  if (!listing) return std::unexpected(FaultOfErrno());
  std::vector<DirectoryEntry> entries;
  errno = 0;
  while (const dirent* const entry = readdir(listing.get())) {
    std::string name(&entry->d_name[0]);
    if (name == "." || name == "..") continue;
    truncated = entries.size() == most;
    if (truncated) break;
    entries.push_back({.name = std::move(name), .inode = entry->d_ino});
    errno = 0;
  }
  if (!truncated && errno != 0) return std::unexpected(FaultOfErrno());
  return entries;
}

}  // namespace

Fact<std::vector<DirectoryEntry>> ListEntries(int directory, const char* path, std::size_t most) {
  bool truncated = false;
  auto entries = EntriesUpTo(directory, path, most, truncated);
  if (entries && truncated) return Missing(ErrorCode::kTruncated);
  return entries;
}

Fact<std::vector<std::string>> ListUpTo(int directory, const char* path, std::size_t most,
                                        bool& truncated) {
  auto entries = EntriesUpTo(directory, path, most, truncated);
  if (!entries) return std::unexpected(entries.error());
  std::vector<std::string> names;
  names.reserve(entries->size());
  for (DirectoryEntry& entry : *entries) names.push_back(std::move(entry.name));
  std::ranges::sort(names);
  return names;
}

Fact<std::vector<std::string>> ListDirectory(int directory, const char* path, std::size_t most) {
  bool truncated = false;
  auto names = ListUpTo(directory, path, most, truncated);
  if (names && truncated) return Missing(ErrorCode::kTruncated);
  return names;
}

namespace {

Timestamp TimeOf(const statx_timestamp& time) {
  constexpr std::int64_t kSecond = 1'000'000'000;
  // What a file system's server says may be any number.
  std::int64_t at = 0;
  const bool fits = !__builtin_mul_overflow(time.tv_sec, kSecond, &at) &&
                    !__builtin_add_overflow(at, std::int64_t{time.tv_nsec}, &at);
  return Timestamp{fits ? at : 0};
}

}  // namespace

Fact<FileStatus> StatusOf(int directory, const char* path, Follow follow) {
  const unsigned follow_flag = follow == Follow::kYes ? 0U : unsigned{AT_SYMLINK_NOFOLLOW};
  struct statx raw = {};
  const unsigned flags = follow_flag | unsigned{AT_STATX_DONT_SYNC} | unsigned{AT_NO_AUTOMOUNT} |
                         unsigned{AT_EMPTY_PATH};
  if (statx(directory, path, static_cast<int>(flags), STATX_BASIC_STATS | STATX_MNT_ID, &raw) !=
      0) {
    return std::unexpected(FaultOfErrno());
  }
  const bool has_mount_id = (raw.stx_mask & STATX_MNT_ID) != 0;
  return FileStatus{
      .device = {.major = raw.stx_dev_major, .minor = raw.stx_dev_minor},
      .special = {.major = raw.stx_rdev_major, .minor = raw.stx_rdev_minor},
      .inode = raw.stx_ino,
      .links = raw.stx_nlink,
      .mode = raw.stx_mode,
      .size = raw.stx_size,
      .modified = TimeOf(raw.stx_mtime),
      .changed = TimeOf(raw.stx_ctime),
      .uid = Uid{raw.stx_uid},
      .gid = Gid{raw.stx_gid},
      .has_mount_id = has_mount_id,
      .mount_id = has_mount_id ? static_cast<std::uint32_t>(raw.stx_mnt_id) : 0,
  };
}

Fact<FileSystemKind> FileSystemOf(int fd) {
  struct statfs raw = {};
  if (fstatfs(fd, &raw) != 0) return std::unexpected(FaultOfErrno());
  switch (raw.f_type) {
    case PROC_SUPER_MAGIC:
      return FileSystemKind::kProc;
    case SYSFS_MAGIC:
      return FileSystemKind::kSysfs;
    case TMPFS_MAGIC:
      return FileSystemKind::kTmpfs;
    case CGROUP_SUPER_MAGIC:
      return FileSystemKind::kCgroup1;
    case CGROUP2_SUPER_MAGIC:
      return FileSystemKind::kCgroup2;
    default:
      return FileSystemKind::kOther;
  }
}

}  // namespace hullmark
