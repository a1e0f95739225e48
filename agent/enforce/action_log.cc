// SPDX-License-Identifier: Apache-2.0
#include "agent/enforce/action_log.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <expected>
#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "agent/base/trusted.h"
#include "agent/base/write.h"
#include "agent/enforce/action_entry.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"

namespace hullmark {
namespace {

using std::chrono::milliseconds;

constexpr const char* kName = "actions.jsonl";
constexpr const char* kOldName = "actions.jsonl.1";

std::unexpected<Error> FailAt(const std::string& place) {
  return Fail(CodeOfErrno(errno), place + ": " + std::strerror(errno));
}

// The bytes from `begin` on.
Result<std::string> ReadFrom(int file, std::uint64_t begin) {
  std::string bytes;
  std::array<char, 65536> buffer = {};
  while (true) {
    const auto at = static_cast<off_t>(begin + bytes.size());
    const ssize_t count = pread(file, buffer.data(), buffer.size(), at);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return FailAt(kName);
    if (count == 0) return bytes;
    bytes.append(buffer.data(), static_cast<std::size_t>(count));
  }
}

}  // namespace

ActionLog::Turn::~Turn() {
  if (file_ >= 0) flock(file_, LOCK_UN);
}

Result<ActionLog> ActionLog::Open(const std::string& directory, Uid user,
                                  std::function<LogStamp()> now) {
  ActionLog log(directory, user, std::move(now));
  const auto turn = log.Begin();
  if (!turn) return std::unexpected(turn.error());
  return log;
}

Result<ActionLog> ActionLog::Peek(const std::string& directory, Uid user,
                                  std::function<LogStamp()> now) {
  ActionLog log(directory, user, std::move(now));
  log.peeked_ = true;
  const auto opened = log.OpenFile(O_RDONLY);
  if (!opened) return std::unexpected(opened.error());
  const auto read = log.Read();
  if (!read) return std::unexpected(read.error());
  return log;
}

Result<void> ActionLog::OpenFile(int flags) {
  const auto directory = OpenTrustedDirectory(directory_, user_);
  if (!directory) return std::unexpected(directory.error());
  constexpr int kFlags = O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK;
  constexpr mode_t kOwner = 0600;
  Fd file(openat(directory->get(), kName, flags | kFlags, kOwner));
  const std::string place = directory_ + "/" + kName;
  if (!file) return FailAt(place);
  struct stat status = {};
  if (fstat(file.get(), &status) != 0) return FailAt(place);
  const bool owned = status.st_uid == 0 || status.st_uid == std::to_underlying(user_);
  if (!S_ISREG(status.st_mode) || status.st_nlink != 1 || !owned ||
      (status.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return Fail(ErrorCode::kDenied, place + ": not trusted: others may write to it");
  }
  fsync(directory->get());
  file_ = std::move(file);
  read_ = 0;
  reserved_ = 0;
  return {};
}

Result<void> ActionLog::Lock(milliseconds patience) const {
  const auto until = std::chrono::steady_clock::now() + patience;
  constexpr milliseconds kPoll{10};
  while (flock(file_.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR) return FailAt(directory_ + "/" + kName);
    if (std::chrono::steady_clock::now() >= until) {
      return Fail(ErrorCode::kIo, directory_ + "/" + kName +
                                      ": another hullmark has locked it and does not let go");
    }
    std::this_thread::sleep_for(kPoll);
  }
  return {};
}

Result<ActionLog::Turn> ActionLog::Begin(milliseconds patience) {
  if (peeked_) return Fail(ErrorCode::kUnsupported, directory_ + "/" + kName + ": only read");
  // Another file may have taken its place meanwhile, by a rotation or by somebody's hand.
  for (int tries = 0; tries < 3; ++tries) {
    if (!file_) {
      auto opened = OpenFile(O_RDWR | O_APPEND | O_CREAT);
      if (!opened) return std::unexpected(opened.error());
    }
    const auto locked = Lock(patience);
    if (!locked) return std::unexpected(locked.error());
    {
      Turn turn(file_.get());
      auto caught_up = CatchUp();
      if (!caught_up) return std::unexpected(caught_up.error());
      if (IsCurrent() && !RotateIfFull()) return turn;
    }
    file_ = Fd();
  }
  return Fail(ErrorCode::kIo, directory_ + "/" + kName + ": it is replaced all the time");
}

Result<void> ActionLog::CatchUp() {
  const auto torn = Read();
  if (!torn) return std::unexpected(torn.error());
  if (!IsCurrent()) return {};  // Of one that was put aside the last lines may be news as well.
  if (*torn != 0 && ftruncate(file_.get(), static_cast<off_t>(read_)) != 0) {
    return FailAt(directory_ + "/" + kName);
  }
  Reserve();
  return {};
}

// Takes the lines that the book does not have. Returns the bytes of one that has no end.
Result<std::size_t> ActionLog::Read() {
  const auto bytes = ReadFrom(file_.get(), read_);
  if (!bytes) return std::unexpected(bytes.error());
  std::string_view rest = *bytes;
  while (!rest.empty()) {
    const auto end = rest.find('\n');
    if (end == std::string_view::npos) break;  // A crash left it without its end.
    const auto entry = ReadEntry(rest.substr(0, end));
    if (entry) book_.Take(*entry);
    if (!entry) {
      ++damaged_;
      book_.TakeDamage();
    }
    rest.remove_prefix(end + 1);
    read_ += end + 1;
  }
  return rest.size();
}

// Failing is no error: then an append may fail.
void ActionLog::Reserve() {
  if (reserved_ >= read_ + kReserve / 2) return;
  const std::uint64_t wanted = read_ + kReserve;
  if (fallocate(file_.get(), FALLOC_FL_KEEP_SIZE, 0, static_cast<off_t>(wanted)) == 0) {
    reserved_ = wanted;
  }
}

bool ActionLog::IsCurrent() const {
  struct stat mine = {};
  struct stat there = {};
  const std::string path = directory_ + "/" + kName;
  return fstat(file_.get(), &mine) == 0 && lstat(path.c_str(), &there) == 0 &&
         mine.st_ino == there.st_ino && mine.st_dev == there.st_dev;
}

// Nothing that is held, nor an open breaker, may be forgotten.
bool ActionLog::RotateIfFull() {
  if (read_ < kFull || !book_.HeldIds().empty()) return false;
  if (!book_.breaker(true).empty() || !book_.breaker(false).empty()) return false;
  const std::string path = directory_ + "/";
  return rename((path + kName).c_str(), (path + kOldName).c_str()) == 0;
}

void ActionLog::Remember(ActionEntry entry) {
  entry.stamp = now_();
  book_.Take(entry);
}

Result<std::uint64_t> ActionLog::Append(ActionEntry entry) {
  entry.stamp = now_();
  if (entry.kind == EntryKind::kIntended) {
    entry.id = book_.last_id() + 1;
    entry.action.id = entry.id;
  }
  const std::string line = EntryLine(entry);
  const Written written = WriteAll(file_.get(), line);
  if (written.error_number == 0 && fdatasync(file_.get()) == 0) {
    read_ += line.size();
    book_.Take(entry);
    Reserve();
    return entry.id;
  }
  const int why = written.error_number != 0 ? written.error_number : errno;
  std::string text = directory_ + "/" + kName + ": " + std::strerror(why);
  if (ftruncate(file_.get(), static_cast<off_t>(read_)) != 0) text += ", and a torn line stays";
  return Fail(CodeOfErrno(why), std::move(text));
}

}  // namespace hullmark
