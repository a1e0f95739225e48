// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hullmark/ids.h"
#include "hullmark/result.h"

namespace hullmark {

// Owns a file descriptor; -1 owns none.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  ~Fd();

  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

// The fault that the current errno stands for.
Fault FaultOfErrno();

// Memory for whole-file reads, reused from file to file; grows up to `cap` bytes when a file needs
// it.
class ReadBuffer {
 public:
  explicit ReadBuffer(std::size_t cap) : bytes_(std::min(kFirst, cap + 1)), cap_(cap) {}

  // The whole of `path` below `directory`, valid until the next read. Pseudo files have no size: it
  // reads until the end. kTruncated past the cap. A final symbolic link is followed, as /proc's own
  // links must be; use it below procfs, sysfs and cgroupfs only.
  Fact<std::string_view> Read(int directory, const char* path);

  // As Read, but what fitted is returned and `truncated` says that there was more.
  Fact<std::string_view> ReadUpTo(int directory, const char* path, bool& truncated);

  // The whole of an open file, from its beginning, valid until the next read. For files that the
  // kernel gives in one piece, as all of cgroupfs that are not lists of processes: what does not
  // fill the buffer is the whole.
  Fact<std::string_view> ReadAgain(int fd);

  // readlinkat(2) of a link below procfs.
  Fact<std::string_view> ReadLink(int directory, const char* path);

 private:
  static constexpr std::size_t kFirst = std::size_t{16} << 10;
  std::vector<char> bytes_;  // At most one more than the cap: that one tells that there is more.
  std::size_t cap_;
};

// A directory below `directory` for openat(2), O_RDONLY|O_DIRECTORY|O_CLOEXEC.
Fact<Fd> OpenDirectory(int directory, const char* path);

// Names in a directory (without "." and ".."), sorted; kTruncated past `most`.
Fact<std::vector<std::string>> ListDirectory(int directory, const char* path, std::size_t most);

// A name in a directory and the inode that getdents(2) gives with it. In /proc a process' directory
// keeps its inode while the kernel remembers it, and no later process of the same number has it.
struct DirectoryEntry {
  std::string name;
  std::uint64_t inode = 0;
};

// What is in a directory (without "." and ".."), in the order of the file system; kTruncated past
// `most`.
Fact<std::vector<DirectoryEntry>> ListEntries(int directory, const char* path, std::size_t most);

// As ListDirectory, but the first `most` are returned and `truncated` says that there were more.
Fact<std::vector<std::string>> ListUpTo(int directory, const char* path, std::size_t most,
                                        bool& truncated);

// What statx(2) says of a path, not synchronised with a server.
struct FileStatus {
  DeviceNumber device;
  DeviceNumber special;  // st_rdev of a device node.
  std::uint64_t inode = 0;
  std::uint32_t links = 0;
  std::uint32_t mode = 0;           // Type and permission bits.
  std::uint64_t size = 0;           // Bytes.
  Timestamp modified{}, changed{};  // st_mtim, st_ctim.
  Uid uid{};
  Gid gid{};
  bool has_mount_id = false;
  std::uint32_t mount_id = 0;
};
enum class Follow : std::uint8_t { kNo, kYes };
Fact<FileStatus> StatusOf(int directory, const char* path, Follow follow);

// Which kernel file system lies under a descriptor.
enum class FileSystemKind : std::uint8_t { kProc, kSysfs, kTmpfs, kCgroup1, kCgroup2, kOther };
Fact<FileSystemKind> FileSystemOf(int fd);

// A regular file that somebody else than root may have written. Opened below `root` without
// following any link or leaving it, non-blocking; it must be regular and at most `cap` bytes. The
// whole read has `deadline`: a server behind the file (FUSE, NFS) that hangs costs a thread, never
// the caller. What does not hang is all read by one thread (of each that calls).
struct UntrustedFile {
  std::string text;
  Uid owner{};
  bool root_only =
      false;  // It and every directory above it belong to root, writable by root alone.
};
Fact<UntrustedFile> ReadUntrusted(int root, const std::string& path, std::size_t cap,
                                  std::chrono::milliseconds deadline);

// What lies at a path of the same kind, under the same rules but that it may be anything: a link is
// not followed, and its target is of the very link whose status this is.
struct UntrustedEntry {
  FileStatus status;
  std::string target;  // "" of what is no link.
};
Fact<UntrustedEntry> LookUntrusted(int root, const std::string& path,
                                   std::chrono::milliseconds deadline);

// Names in a directory of the same kind, under the same rules.
Fact<std::vector<std::string>> ListUntrusted(int root, const std::string& path, std::size_t most,
                                             std::chrono::milliseconds deadline);

}  // namespace hullmark
