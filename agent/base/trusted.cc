// SPDX-License-Identifier: Apache-2.0
#include "agent/base/trusted.h"

#include <fcntl.h>
#include <linux/limits.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "agent/base/file.h"
#include "agent/base/replace.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"

namespace hullmark {
namespace {

constexpr std::uint32_t kOthersWrite = S_IWGRP | S_IWOTH;
constexpr int kMostLinks = 40;  // As the kernel, see path_resolution(7).

std::unexpected<Error> FailAt(const std::string& place, int number) {
  return Fail(CodeOfErrno(number), place + ": " + std::strerror(number));
}

// Names of a path, first to last, before `rest`.
void Prepend(std::string_view path, std::deque<std::string>& rest) {
  std::deque<std::string> names;
  while (!path.empty()) {
    const auto end = path.find('/');
    const std::string_view name = path.substr(0, end);
    if (!name.empty() && name != ".") names.emplace_back(name);
    path = end == std::string_view::npos ? "" : path.substr(end + 1);
  }
  rest.insert(rest.begin(), names.begin(), names.end());
}

// Who has to be trusted: whoever could change what is read, or whoever could lead astray.
enum class Judge : std::uint8_t { kEverything, kLinks };

// Where a walk has come to: a directory that has been judged, and its path for messages.
class Walk {
 public:
  explicit Walk(Uid user, Judge judge = Judge::kEverything) : user_(user), judge_(judge) {}

  Result<Fd> To(const std::string& path);
  // A walk that ends in a directory.
  Result<Fd> ToDirectory(const std::string& path);

 private:
  // Why nobody should rely on what lies at `place`; nullopt when they may.
  std::optional<Error> Distrust(const FileStatus& status, const std::string& place) const;
  Result<void> GoToRoot();
  // Goes into a directory, follows a link (its names are put before `rest`), or opens the file,
  // which is the end of the walk.
  Result<std::optional<Fd>> Step(const std::string& name, std::deque<std::string>& rest);
  Result<void> Follow(const Fd& link, const std::string& place, std::deque<std::string>& rest);
  Result<Fd> OpenFile(const std::string& name) const;
  // Goes as far as the directories lead; the file at the end, nullopt where there is none.
  Result<std::optional<Fd>> Go(const std::string& path);

  Uid user_;
  Judge judge_;
  Fd directory_;
  std::string path_;  // Of the directory; "" for "/".
  int links_ = 0;
};

std::optional<Error> Walk::Distrust(const FileStatus& status, const std::string& place) const {
  if (judge_ == Judge::kLinks && !S_ISLNK(status.mode)) return std::nullopt;
  const auto refuse = [&](const std::string& why) {
    return Error{.code = ErrorCode::kDenied, .message = place + ": not trusted: " + why};
  };
  if (status.uid != Uid{0} && status.uid != user_) {
    const std::string owner = std::to_string(std::to_underlying(status.uid));
    const std::string or_user =
        user_ == Uid{0} ? "" : " or uid " + std::to_string(std::to_underlying(user_));
    return refuse("it belongs to uid " + owner + ", must belong to root" + or_user);
  }
  if (S_ISLNK(status.mode)) return std::nullopt;  // Its mode means nothing.
  const bool sticky = S_ISDIR(status.mode) && (status.mode & S_ISVTX) != 0;
  if ((status.mode & kOthersWrite) == 0 || sticky) return std::nullopt;
  return refuse("its group or others may write to it (chmod go-w)");
}

Result<void> Walk::GoToRoot() {
  directory_ = Fd(open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
  path_.clear();
  if (!directory_) return FailAt("/", errno);
  const auto status = StatusOf(directory_.get(), "", Follow::kNo);
  if (!status) return FailAt("/", status.error().error_number);
  if (auto distrust = Distrust(*status, "/")) return std::unexpected(std::move(*distrust));
  return {};
}

Result<void> Walk::Follow(const Fd& link, const std::string& place, std::deque<std::string>& rest) {
  if (++links_ > kMostLinks) return FailAt(place, ELOOP);
  std::array<char, PATH_MAX> target{};
  const ssize_t length = readlinkat(link.get(), "", target.data(), target.size());
  if (length < 0) return FailAt(place, errno);
  const std::string_view text(target.data(), static_cast<std::size_t>(length));
  Prepend(text, rest);
  return text.starts_with('/') ? GoToRoot() : Result<void>();
}

// Opening anything else could do something: it was a file a moment ago, and nobody but the trusted
// could have put another thing in its place.
Result<Fd> Walk::OpenFile(const std::string& name) const {
  const std::string place = path_ + "/" + name;
  Fd file(openat(directory_.get(), name.c_str(),
                 O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  if (!file) return FailAt(place, errno);
  const auto status = StatusOf(file.get(), "", Follow::kNo);
  if (!status) return FailAt(place, status.error().error_number);
  if (!S_ISREG(status->mode)) return Fail(ErrorCode::kMalformed, place + ": not a regular file");
  if (auto distrust = Distrust(*status, place)) return std::unexpected(std::move(*distrust));
  return file;
}

Result<std::optional<Fd>> Walk::Step(const std::string& name, std::deque<std::string>& rest) {
  const std::string place = path_ + "/" + name;
  Fd next(openat(directory_.get(), name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  if (!next) return FailAt(place, errno);
  const auto status = StatusOf(next.get(), "", Follow::kNo);
  if (!status) return FailAt(place, status.error().error_number);
  if (auto distrust = Distrust(*status, place)) return std::unexpected(std::move(*distrust));
  if (S_ISLNK(status->mode)) {
    const auto followed = Follow(next, place, rest);
    if (!followed) return std::unexpected(followed.error());
    return std::nullopt;
  }
  if (S_ISDIR(status->mode)) {
    directory_ = std::move(next);
    path_ = name == ".." ? path_.substr(0, path_.find_last_of('/')) : place;
    return std::nullopt;
  }
  if (!S_ISREG(status->mode)) return Fail(ErrorCode::kMalformed, place + ": not a regular file");
  if (!rest.empty()) return FailAt(place, ENOTDIR);
  auto file = OpenFile(name);
  if (!file) return std::unexpected(file.error());
  return std::optional(std::move(*file));
}

Result<std::optional<Fd>> Walk::Go(const std::string& path) {
  std::deque<std::string> rest;
  Prepend(path, rest);
  if (!path.starts_with('/')) {
    // NOLINTNEXTLINE(clang-analyzer-unix.StdCLibraryFunctions): glibc allocates what it needs.
    const std::unique_ptr<char, decltype(&std::free)> here(getcwd(nullptr, 0), &std::free);
    if (here == nullptr) return FailAt(path, errno);
    Prepend(here.get(), rest);
  }
  if (const auto at_root = GoToRoot(); !at_root) return std::unexpected(at_root.error());
  while (!rest.empty()) {
    const std::string name = std::move(rest.front());
    rest.pop_front();
    auto file = Step(name, rest);
    if (!file || *file) return file;
  }
  return std::nullopt;
}

Result<Fd> Walk::To(const std::string& path) {
  auto file = Go(path);
  if (!file) return std::unexpected(file.error());
  std::optional<Fd>& opened = *file;
  if (!opened) return Fail(ErrorCode::kMalformed, path + ": not a regular file");
  return std::move(*opened);
}

Result<Fd> Walk::ToDirectory(const std::string& path) {
  const auto file = Go(path);
  if (!file) return std::unexpected(file.error());
  if (*file) return FailAt(path, ENOTDIR);
  Fd readable(openat(directory_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!readable) return FailAt(path, errno);
  return readable;
}

}  // namespace

Result<Fd> OpenTrusted(const std::string& path, Uid user) { return Walk(user).To(path); }

Result<Fd> OpenTrustedDirectory(const std::string& path, Uid user) {
  return Walk(user).ToDirectory(path);
}

Result<Fd> OpenOwnDirectory(const std::string& path, Uid user) {
  return Walk(user, Judge::kLinks).ToDirectory(path);
}

}  // namespace hullmark
