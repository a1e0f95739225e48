// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon/state_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <expected>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "agent/base/durable.h"
#include "agent/base/file.h"
#include "agent/base/trusted.h"
#include "agent/base/write.h"
#include "agent/daemon/saved_state.h"
#include "agent/encode/json_writer.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"

namespace hullmark {
namespace {

constexpr const char* kName = "state.json";
constexpr const char* kLock = "state.lock";
constexpr int kMostAside = 9;
constexpr std::size_t kMostBytes = std::size_t{256} << 20;
constexpr std::size_t kPiece = std::size_t{64} << 10;

}  // namespace

StateFile::StateFile(Fd directory, Fd lock, std::string path, Uid user)
    : directory_(std::move(directory)),
      lock_(std::move(lock)),
      path_(std::move(path)),
      user_(user) {}

Result<StateFile> StateFile::Open(const std::string& directory, Uid user, bool* in_use) {
  auto opened = OpenTrustedDirectory(directory, user);
  if (!opened) return std::unexpected(opened.error());
  // Not the directory itself: who may open that may lock it.
  const std::string place = directory + "/" + kLock;
  auto lock = OpenOwn(opened->get(), kLock, O_RDWR | O_CREAT, user, place);
  if (!lock) return std::unexpected(lock.error());
  if (fchmod(lock->get(), S_IRUSR | S_IWUSR) != 0) return FailWithErrno(place, errno);
  if (flock(lock->get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return FailWithErrno(place, errno);
    if (in_use != nullptr) *in_use = true;
    return Fail(ErrorCode::kDenied, directory + ": another hullmark agent is using it");
  }
  return StateFile(std::move(*opened), std::move(*lock), directory, user);
}

Result<std::string> StateFile::Read(const std::string& name) const {
  const std::string place = PathOf(name);
  const auto file = OpenOwn(directory_.get(), name, O_RDONLY, user_, place);
  if (!file) return std::unexpected(file.error());
  std::string text;
  std::array<char, kPiece> piece;
  for (;;) {
    const ssize_t count = read(file->get(), piece.data(), piece.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return FailWithErrno(place, errno);
    if (count == 0) return text;
    text.append(piece.data(), static_cast<std::size_t>(count));
    if (text.size() > kMostBytes) return Fail(ErrorCode::kMalformed, "is too large");
  }
}

Result<void> StateFile::SetAside(const std::string& why, const Warn& warn) const {
  const std::string prefix = std::string(kName) + ".damaged-";
  int number = 1;
  while (number < kMostAside &&
         faccessat(directory_.get(), (prefix + std::to_string(number)).c_str(), F_OK,
                   AT_SYMLINK_NOFOLLOW) == 0) {
    ++number;
  }
  const std::string aside = prefix + std::to_string(number);
  if (renameat(directory_.get(), kName, directory_.get(), aside.c_str()) != 0) {
    return FailWithErrno(path_ + "/" + aside, errno);
  }
  warn(path_ + "/" + kName + " " + why + "; it is now " + aside +
       ", and everything will be announced again");
  return {};
}

Result<SavedState> StateFile::Load(const Warn& warn) const {
  const auto text = Read(kName);
  if (!text && text.error().code == ErrorCode::kNotFound) return SavedState{};
  if (!text && text.error().code != ErrorCode::kMalformed) return std::unexpected(text.error());
  auto state = text ? ReadState(*text) : std::unexpected(text.error());
  if (state) return state;
  if (auto aside = SetAside(state.error().message, warn); !aside) {
    return std::unexpected(aside.error());
  }
  return SavedState{};
}

Result<void> StateFile::Save(const SavedState& state) const {
  return Replace(kName, [&](const ByteSink& sink) { WriteState(state, sink); });
}

Result<void> StateFile::Replace(const std::string& name,
                                const std::function<void(const ByteSink&)>& write) const {
  const std::string draft_name = name + ".new";
  const std::string place = PathOf(draft_name);
  unlinkat(directory_.get(), draft_name.c_str(), 0);  // Of a crash.
  const auto draft =
      OpenOwn(directory_.get(), draft_name, O_WRONLY | O_CREAT | O_EXCL, user_, place);
  if (!draft) return std::unexpected(draft.error());
  int number = 0;
  write([&](std::string_view bytes) {
    if (number == 0) number = WriteAll(draft->get(), bytes).error_number;
  });
  if (number == 0 && fsync(draft->get()) != 0) number = errno;
  if (number == 0 &&
      renameat(directory_.get(), draft_name.c_str(), directory_.get(), name.c_str()) != 0) {
    number = errno;
  }
  if (number != 0) {
    unlinkat(directory_.get(), draft_name.c_str(), 0);
    return FailWithErrno(place, number);
  }
  if (fsync(directory_.get()) != 0) return FailWithErrno(path_, errno);
  return {};
}

}  // namespace hullmark
