// SPDX-License-Identifier: Apache-2.0
#include "agent/hooks/queue.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "agent/base/durable.h"
#include "agent/base/file.h"
#include "agent/base/keyed_hash.h"
#include "agent/base/trusted.h"
#include "agent/base/write.h"
#include "agent/encode/json_writer.h"
#include "agent/hooks/queue_lines.h"
#include "hullmark/result.h"

namespace hullmark {
namespace {

constexpr std::uint64_t kSlack = std::uint64_t{1} << 20;  // Bytes that are past and may stay.

std::string Hex(std::uint64_t value) {
  constexpr int kHex = 16;
  std::array<char, 16> digits{};
  const auto [end, error] = std::to_chars(digits.begin(), digits.end(), value, kHex);
  return {digits.begin(), end};
}

// A line that says what was not delivered, and why.
std::string DeadLine(const std::string& key, DeadReason reason, const Letter& letter) {
  std::string line;
  JsonWriter json([&](std::string_view bytes) { line += bytes; });
  json.BeginObject().Member("key", key).Member("reason", NameOf(reason));
  json.Member("event", letter.event).Member("body", letter.body).EndObject().Finish();
  return line;
}

// All of a file, up to `most` bytes.
Result<std::string> ReadWhole(int fd, const std::string& place, std::uint64_t most) {
  constexpr std::size_t kPiece = std::size_t{64} << 10;
  std::string text;
  std::string piece(kPiece, '\0');
  while (true) {
    const ssize_t count = read(fd, piece.data(), piece.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return FailWithErrno(place, errno);
    if (count == 0) return text;
    text.append(piece, 0, static_cast<std::size_t>(count));
    if (text.size() > most) return Fail(ErrorCode::kMalformed, place + ": is too large");
  }
}

}  // namespace

std::string_view NameOf(DeadReason reason) {
  switch (reason) {
    case DeadReason::kDropped:
      return "dropped";
    case DeadReason::kRejected:
      return "rejected";
    case DeadReason::kGivenUp:
      return "given_up";
  }
  return "";
}

HookQueue::HookQueue(Place place) : place_(std::move(place)), decided_(place_.decided) {
  begun_.life = RandomKey().first;
}

std::string HookQueue::KeyOf(std::uint64_t number) const {
  return place_.name + "-" + Hex(begun_.life) + "-" + std::to_string(number);
}

// What happened since the queue was made in memory comes after what the file tells.
Result<void> HookQueue::Open() {
  if (place_.directory.empty()) return {};
  auto directory = OpenTrustedDirectory(place_.directory, place_.user);
  if (!directory) return std::unexpected(directory.error());
  directory_ = std::move(*directory);
  if (auto loaded = Load(); !loaded) {
    directory_ = Fd();  // What is there is not written over.
    return loaded;
  }
  return Rewrite();
}

Result<void> HookQueue::Load() {
  const std::string name = place_.name + ".queue";
  const std::string path = place_.directory + "/" + name;
  const auto file = OpenOwn(directory_.get(), name, O_RDONLY, place_.user, path);
  if (!file && file.error().code == ErrorCode::kNotFound) return {};
  if (!file) return std::unexpected(file.error());
  // What Rewrite() leaves, and what may be appended before it is called again.
  const auto text = ReadWhole(file->get(), path, 4 * place_.most_bytes + 16 * kSlack);
  if (text) Replay(*text);
  return text ? Result<void>() : std::unexpected(text.error());
}

// A line that cannot be read is one that a crash cut off; what was added to letters_ in memory
// meanwhile gets its number after those of the file.
void HookQueue::Replay(std::string_view text) {
  auto later = std::exchange(letters_, {});
  bytes_ = 0;
  while (!text.empty()) {
    const auto end = text.find('\n');
    if (end == std::string_view::npos) break;
    auto line = ParseQueueLine(text.substr(0, end));
    text.remove_prefix(end + 1);
    if (!line) continue;
    if (const auto* begun = std::get_if<QueueBegun>(&*line)) begun_ = *begun;
    if (const auto* done = std::get_if<LetterDone>(&*line)) letters_.erase(done->number);
    if (const auto* decided = std::get_if<EventsDecided>(&*line)) {
      decided_ = std::max(decided_, decided->event);
    }
    if (auto* letter = std::get_if<Letter>(&*line)) {
      begun_.next = std::max(begun_.next, letter->number + 1);
      letters_.insert_or_assign(letter->number, std::move(*letter));
    }
  }
  std::erase_if(letters_, [this](const auto& entry) { return entry.second.event > decided_; });
  for (const auto& [number, letter] : letters_) bytes_ += letter.body.size();
  for (auto& [number, letter] : later) {
    letter.number = begun_.next++;
    bytes_ += letter.body.size();
    letters_.emplace(letter.number, std::move(letter));
  }
}

std::vector<std::uint64_t> HookQueue::Add(std::uint64_t event, std::string_view sender,
                                          std::string body) {
  // Whoever names containers does not know the key, and can put no two of them into one lane.
  KeyedHash lane({.first = begun_.life, .second = ~begun_.life});
  lane.Add(sender);
  const std::uint64_t number = begun_.next++;
  bytes_ += body.size();
  const auto [at, added] = letters_.emplace(
      number,
      Letter{.number = number, .event = event, .lane = lane.Finish(), .body = std::move(body)});
  log_ += ToLine(at->second);
  std::vector<std::uint64_t> dropped;
  while (bytes_ > place_.most_bytes) {
    dropped.push_back(letters_.begin()->first);
    Bury(dropped.back(), DeadReason::kDropped);
  }
  return dropped;
}

void HookQueue::Decide(std::uint64_t event) {
  if (event <= decided_) return;
  decided_ = event;
  log_ += ToLine(EventsDecided{.event = event});
}

void HookQueue::Remove(std::uint64_t number) {
  const auto at = letters_.find(number);
  if (at == letters_.end()) return;
  bytes_ -= at->second.body.size();
  letters_.erase(at);
  log_ += ToLine(LetterDone{.number = number});
}

void HookQueue::Bury(std::uint64_t number, DeadReason reason) {
  const auto at = letters_.find(number);
  if (at == letters_.end()) return;
  if (directory_) dead_ += DeadLine(KeyOf(number), reason, at->second);
  Remove(number);
}

Result<void> HookQueue::Write(bool durable) {
  if (place_.directory.empty() || (log_.empty() && dead_.empty() && file_)) return {};
  if (!directory_) return Open();
  // First those: killed in between, a letter is in both.
  const auto dead = WriteDead();
  const bool past = file_bytes_ + log_.size() > 2 * bytes_ + kSlack;
  const auto written = !file_ || past ? Rewrite() : Append(durable);
  return written ? dead : written;
}

Result<void> HookQueue::Append(bool durable) {
  const Written written = WriteAll(file_.get(), log_);
  int number = written.error_number;
  if (number == 0 && durable && fdatasync(file_.get()) != 0) number = errno;
  if (number != 0) {
    file_ = Fd();  // Nobody knows what is in it: the next time it is written anew.
    return FailWithErrno(place_.directory + "/" + place_.name + ".queue", number);
  }
  file_bytes_ += log_.size();
  log_.clear();
  return {};
}

Result<void> HookQueue::Rewrite() {
  file_ = Fd();
  const std::string name = place_.name + ".queue";
  const std::string draft = name + ".new";
  const std::string path = place_.directory + "/" + draft;
  unlinkat(directory_.get(), draft.c_str(), 0);  // Of a crash.
  auto file =
      OpenOwn(directory_.get(), draft, O_WRONLY | O_APPEND | O_CREAT | O_EXCL, place_.user, path);
  if (!file) return std::unexpected(file.error());
  std::string text = ToLine(begun_) + ToLine(EventsDecided{.event = decided_});
  for (const auto& [number, letter] : letters_) text += ToLine(letter);
  int number = WriteAll(file->get(), text).error_number;
  if (number == 0 && fsync(file->get()) != 0) number = errno;
  if (number == 0 &&
      renameat(directory_.get(), draft.c_str(), directory_.get(), name.c_str()) != 0) {
    number = errno;
  }
  if (number == 0 && fsync(directory_.get()) != 0) number = errno;
  if (number != 0) {
    unlinkat(directory_.get(), draft.c_str(), 0);
    return FailWithErrno(path, number);
  }
  file_ = std::move(*file);
  file_bytes_ = text.size();
  log_.clear();
  return {};
}

Result<void> HookQueue::WriteDead() {
  if (dead_.empty()) return {};
  const std::string lines = std::exchange(dead_, {});
  const std::string name = place_.name + ".dead";
  const std::string path = place_.directory + "/" + name;
  auto file = OpenOwn(directory_.get(), name, O_WRONLY | O_APPEND | O_CREAT, place_.user, path);
  struct stat status = {};
  if (file && fstat(file->get(), &status) == 0 &&
      static_cast<std::uint64_t>(status.st_size) + lines.size() > place_.most_bytes) {
    const std::string old = name + ".1";
    renameat(directory_.get(), name.c_str(), directory_.get(), old.c_str());
    file = OpenOwn(directory_.get(), name, O_WRONLY | O_APPEND | O_CREAT, place_.user, path);
  }
  if (!file) return std::unexpected(file.error());
  int number = WriteAll(file->get(), lines).error_number;
  if (number == 0 && fdatasync(file->get()) != 0) number = errno;
  return number == 0 ? Result<void>() : FailWithErrno(path, number);
}

}  // namespace hullmark
