// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon/event_log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "agent/base/durable.h"
#include "agent/base/file.h"
#include "agent/base/trusted.h"
#include "agent/base/write.h"
#include "agent/sinks/event_json.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"

namespace hullmark {
namespace {

constexpr std::size_t kMostTail = std::size_t{1} << 20;   // Longer than any line of ours.
constexpr std::size_t kMostBatch = std::size_t{1} << 20;  // Bytes between two syncs.

// The end of a file, from the beginning of a line on where it holds one.
Result<std::string> TailOf(int fd, const std::string& path, std::uint64_t size) {
  std::string tail(std::min<std::uint64_t>(size, kMostTail), '\0');
  std::size_t got = 0;
  while (got < tail.size()) {
    const auto from = static_cast<off_t>(size - tail.size() + got);
    const ssize_t count = pread(fd, tail.data() + got, tail.size() - got, from);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return FailWithErrno(path, count < 0 ? errno : EIO);
    got += static_cast<std::size_t>(count);
  }
  return tail;
}

std::uint64_t LargestId(std::string_view lines) {
  std::uint64_t largest = 0;
  while (!lines.empty()) {
    const auto end = std::min(lines.find('\n'), lines.size() - 1);
    largest = std::max(largest, IdOfEventLine(lines.substr(0, end + 1)).value_or(0));
    lines.remove_prefix(end + 1);
  }
  return largest;
}

}  // namespace

EventLog::EventLog(Fd directory, std::string path, Limits limits, Uid user)
    : directory_(std::move(directory)),
      path_(std::move(path)),
      name_(path_.substr(path_.find_last_of('/') + 1)),
      limits_(limits),
      user_(user) {}

Result<EventLog> EventLog::Open(const std::string& path, Limits limits, Uid user) {
  auto directory = OpenTrustedDirectory(DirectoryOf(path), user);
  if (!directory) return std::unexpected(directory.error());
  EventLog log(std::move(*directory), path, limits, user);
  if (log.name_.empty()) return Fail(ErrorCode::kMalformed, path + ": names no file");
  if (auto opened = log.OpenCurrent(); !opened) return std::unexpected(opened.error());
  log.tried_ = log.last_id_;
  if (log.last_id_ != 0) return log;
  const auto rotated = log.OpenFile(log.name_ + ".1", O_RDONLY);
  struct stat status = {};
  if (rotated && fstat(rotated->get(), &status) == 0) {
    const auto tail = TailOf(rotated->get(), path, static_cast<std::uint64_t>(status.st_size));
    if (tail) log.last_id_ = LargestId(*tail);
  }
  return log;
}

Result<Fd> EventLog::OpenFile(const std::string& name, int flags) const {
  return OpenOwn(directory_.get(), name, flags, user_, DirectoryOf(path_) + "/" + name);
}

Result<void> EventLog::OpenCurrent() {
  auto file = OpenFile(name_, O_RDWR | O_APPEND | O_CREAT);
  if (!file) return std::unexpected(file.error());
  file_ = std::move(*file);
  if (fsync(directory_.get()) != 0) return FailWithErrno(path_, errno);
  return CutPartialLine();
}

// A crash can leave the beginning of a line at the end of the file, or, on some file systems,
// zeros.
Result<void> EventLog::CutPartialLine() {
  struct stat status = {};
  if (fstat(file_.get(), &status) != 0) return FailWithErrno(path_, errno);
  size_ = static_cast<std::uint64_t>(status.st_size);
  const auto tail = TailOf(file_.get(), path_, size_);
  if (!tail) return std::unexpected(tail.error());
  const std::size_t end = tail->find_last_of('\n') + 1;  // npos + 1 is 0.
  if (end == 0 && size_ > tail->size()) {
    file_ = Fd();
    return Fail(ErrorCode::kMalformed, path_ + ": this is no events file of hullmark");
  }
  const std::uint64_t largest = LargestId(std::string_view(*tail).substr(0, end));
  // A file that was put here meanwhile may have larger ids: they are not ours.
  if (!tried_ || largest <= *tried_) last_id_ = std::max(last_id_, largest);
  size_ -= tail->size() - end;
  const bool cut = end == tail->size() || ftruncate(file_.get(), static_cast<off_t>(size_)) == 0;
  // Also what a killed agent wrote and did not sync: from here on it counts as written.
  if (cut && fsync(file_.get()) == 0) return {};
  const int number = errno;
  file_ = Fd();
  return FailWithErrno(path_, number);
}

bool EventLog::IsCurrent() const {
  struct stat here = {};
  struct stat there = {};
  return file_ && fstat(file_.get(), &here) == 0 &&
         fstatat(directory_.get(), name_.c_str(), &there, AT_SYMLINK_NOFOLLOW) == 0 &&
         here.st_dev == there.st_dev && here.st_ino == there.st_ino;
}

// A crash between two steps leaves a number out, and loses nothing.
Result<void> EventLog::Rotate() {
  const auto rotated = [&](int number) { return name_ + "." + std::to_string(number); };
  const auto move = [&](const std::string& from, const std::string& to) {
    return renameat(directory_.get(), from.c_str(), directory_.get(), to.c_str()) == 0 ||
           errno == ENOENT;
  };
  file_ = Fd();
  bool moved = true;
  for (int number = limits_.keep - 1; number >= 1 && moved; --number) {
    moved = move(rotated(number), rotated(number + 1));
  }
  if (moved && limits_.keep > 0) moved = move(name_, rotated(1));
  if (limits_.keep <= 0) moved = unlinkat(directory_.get(), name_.c_str(), 0) == 0;
  if (!moved) return FailWithErrno(path_ + ": cannot be rotated", errno);
  return OpenCurrent();
}

// As many as fit into the file and between two syncs; one at least.
std::size_t EventLog::LinesThatFit(std::span<const std::string> lines) const {
  const auto most =
      std::min<std::uint64_t>(limits_.max_size - std::min(size_, limits_.max_size), kMostBatch);
  std::uint64_t bytes = 0;
  std::size_t fit = 0;
  while (fit < lines.size() && (bytes += lines[fit].size()) <= most) ++fit;
  return std::max(fit, std::size_t{1});
}

// Where not all can be written, the whole lines among what was stay. When nobody knows what is on
// the disk, all are taken back, and the file is opened anew before the next.
EventLog::Appended EventLog::WriteLines(std::span<const std::string> lines) {
  std::string batch;
  for (const std::string& line : lines) batch += line;
  tried_ = std::max(tried_.value_or(0), LargestId(lines.back()));
  const Written written = WriteAll(file_.get(), batch);
  int number = written.error_number;
  std::size_t whole = 0;
  Appended appended;
  for (const std::string& line : lines) {
    if (whole + line.size() > written.bytes) break;
    whole += line.size();
    ++appended.lines;
  }
  const bool cut =
      whole == written.bytes || ftruncate(file_.get(), static_cast<off_t>(size_ + whole)) == 0;
  if (!cut || fsync(file_.get()) != 0) {
    if (number == 0) number = errno;
    if (ftruncate(file_.get(), static_cast<off_t>(size_)) != 0) number = errno;
    file_ = Fd();
    return {.lines = 0, .error = FailWithErrno(path_, number).error()};
  }
  size_ += whole;
  last_id_ = std::max(last_id_, LargestId(std::string_view(batch).substr(0, whole)));
  if (number != 0) appended.error = FailWithErrno(path_, number).error();
  return appended;
}

EventLog::Appended EventLog::Append(std::span<const std::string> lines) {
  Appended appended;
  while (appended.lines < lines.size() && !appended.error) {
    const auto rest = lines.subspan(appended.lines);
    Result<void> ready;
    if (!IsCurrent()) ready = OpenCurrent();
    if (ready && size_ > 0 && size_ + rest[0].size() > limits_.max_size) ready = Rotate();
    if (!ready) {
      appended.error = std::move(ready.error());
      break;
    }
    if (IdOfEventLine(rest[0]).value_or(0) <= last_id_) {  // It could not be taken back.
      ++appended.lines;
      continue;
    }
    Appended some = WriteLines(rest.first(LinesThatFit(rest)));
    appended.lines += some.lines;
    appended.error = std::move(some.error);
  }
  return appended;
}

}  // namespace hullmark
