// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <linux/limits.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <future>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/base/deputy.h"
#include "agent/base/file.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"

namespace hullmark {
namespace {

constexpr std::uint32_t kOthersWrite = S_IWGRP | S_IWOTH;

std::string Relative(const std::string& path) {
  const auto start = path.find_first_not_of('/');
  return start == std::string::npos ? "." : path.substr(start);
}

// What openat2(2) does below, by hand: each directory is opened from the one above it.
Fact<Fd> OpenStepwise(int root, std::string_view path, std::uint64_t flags) {
  constexpr int kStep = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  Fd directory;
  int at = root;
  while (true) {
    const auto slash = path.find('/');
    const std::string component(path.substr(0, slash));
    if (component == "..") return Missing(ErrorCode::kIo, EXDEV);
    const bool last = slash == std::string_view::npos;
    const char* const name = component.empty() ? "." : component.c_str();
    Fd next(openat(at, name, last ? static_cast<int>(flags) : kStep));
    if (!next) return std::unexpected(FaultOfErrno());
    if (last) return next;
    directory = std::move(next);
    at = directory.get();
    path.remove_prefix(slash + 1);
  }
}

Fact<Fd> OpenBelow(int root, const std::string& path, std::uint64_t flags) {
  open_how how = {};
  how.flags = flags | O_CLOEXEC | O_NOFOLLOW;
  if ((flags & O_PATH) == 0)
    how.flags |= O_NOCTTY | O_NONBLOCK;  // openat2 refuses them with O_PATH.
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS;
  Fd opened(static_cast<int>(syscall(SYS_openat2, root, path.c_str(), &how, sizeof how)));
  // Before 5.6, or forbidden by a sandbox that does not know it.
  if (!opened && (errno == ENOSYS || errno == EPERM)) return OpenStepwise(root, path, how.flags);
  if (!opened) return std::unexpected(FaultOfErrno());
  return opened;
}

bool OnlyRootWrites(const FileStatus& status) {
  const bool sticky = S_ISDIR(status.mode) && (status.mode & S_ISVTX) != 0;
  return status.uid == Uid{0} && ((status.mode & kOthersWrite) == 0 || sticky);
}

// Each directory above the file counts, the root too: who may rename one decides what the path
// means.
bool OnlyRootWritesAbove(int root, const std::string& path) {
  const auto top = StatusOf(root, "", Follow::kNo);
  if (!top || !OnlyRootWrites(*top)) return false;
  for (auto slash = path.find('/'); slash != std::string::npos; slash = path.find('/', slash + 1)) {
    const auto directory = OpenBelow(root, path.substr(0, slash), O_PATH | O_DIRECTORY);
    if (!directory) return false;
    const auto status = StatusOf(directory->get(), "", Follow::kNo);
    if (!status || !OnlyRootWrites(*status)) return false;
  }
  return true;
}

Fact<UntrustedEntry> LookNow(int root, const std::string& path) {
  const auto place = OpenBelow(root, path, O_PATH);
  if (!place) return std::unexpected(place.error());
  const auto status = StatusOf(place->get(), "", Follow::kNo);
  if (!status) return std::unexpected(status.error());
  UntrustedEntry entry{.status = *status, .target = {}};
  if (!S_ISLNK(status->mode)) return entry;
  std::array<char, PATH_MAX> target{};
  const ssize_t length = readlinkat(place->get(), "", target.data(), target.size());
  if (length < 0) return std::unexpected(FaultOfErrno());
  entry.target.assign(target.data(), static_cast<std::size_t>(length));
  return entry;
}

Fact<UntrustedFile> ReadNow(int root, const std::string& path, std::size_t cap) {
  const auto file = OpenBelow(root, path, O_RDONLY);
  if (!file) return std::unexpected(file.error());
  const auto status = StatusOf(file->get(), "", Follow::kNo);
  if (!status) return std::unexpected(status.error());
  if (!S_ISREG(status->mode)) return Missing(ErrorCode::kMalformed);
  UntrustedFile read_file{
      .text = {},
      .owner = status->uid,
      .root_only = OnlyRootWrites(*status) && OnlyRootWritesAbove(root, path),
  };
  std::array<char, 4096> piece{};
  while (read_file.text.size() <= cap) {
    const ssize_t got = read(file->get(), piece.data(), piece.size());
    if (got < 0) return std::unexpected(FaultOfErrno());
    if (got == 0) return read_file;
    read_file.text.append(piece.data(), static_cast<std::size_t>(got));
  }
  return Missing(ErrorCode::kTruncated);
}

// One for each thread that asks, so that nobody waits for what another one asked.
Deputy& OwnDeputy() {
  thread_local Deputy deputy;
  return deputy;
}

template <typename T, typename Work>
Fact<T> Within(std::chrono::milliseconds deadline, Work work) {
  Deputy& deputy = OwnDeputy();
  // What the deputy still holds of it when it is too late goes with the task.
  const auto task = std::make_shared<std::packaged_task<Fact<T>()>>(std::move(work));
  auto result = task->get_future();
  if (!deputy.Give([task] { (*task)(); })) return Missing(ErrorCode::kIo, EAGAIN);
  if (result.wait_for(deadline) != std::future_status::ready) {
    deputy.Leave();
    return Missing(ErrorCode::kIo, ETIMEDOUT);
  }
  return result.get();
}

}  // namespace

Fact<UntrustedFile> ReadUntrusted(int root, const std::string& path, std::size_t cap,
                                  std::chrono::milliseconds deadline) {
  // The thread gets a descriptor of its own: it may outlive the caller's.
  const auto own_root = std::make_shared<Fd>(fcntl(root, F_DUPFD_CLOEXEC, 0));
  if (!*own_root) return std::unexpected(FaultOfErrno());
  return Within<UntrustedFile>(deadline, [own_root, path = Relative(path), cap] {
    return ReadNow(own_root->get(), path, cap);
  });
}

Fact<UntrustedEntry> LookUntrusted(int root, const std::string& path,
                                   std::chrono::milliseconds deadline) {
  const auto own_root = std::make_shared<Fd>(fcntl(root, F_DUPFD_CLOEXEC, 0));
  if (!*own_root) return std::unexpected(FaultOfErrno());
  return Within<UntrustedEntry>(
      deadline, [own_root, path = Relative(path)] { return LookNow(own_root->get(), path); });
}

Fact<std::vector<std::string>> ListUntrusted(int root, const std::string& path, std::size_t most,
                                             std::chrono::milliseconds deadline) {
  const auto own_root = std::make_shared<Fd>(fcntl(root, F_DUPFD_CLOEXEC, 0));
  if (!*own_root) return std::unexpected(FaultOfErrno());
  return Within<std::vector<std::string>>(
      deadline, [own_root, path = Relative(path), most]() -> Fact<std::vector<std::string>> {
        const auto directory = OpenBelow(own_root->get(), path, O_RDONLY | O_DIRECTORY);
        if (!directory) return std::unexpected(directory.error());
        return ListDirectory(directory->get(), ".", most);
      });
}

}  // namespace hullmark
