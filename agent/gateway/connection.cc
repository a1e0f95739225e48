// SPDX-License-Identifier: Apache-2.0
#include "agent/gateway/connection.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "agent/base/file.h"
#include "agent/gateway/answer.h"
#include "agent/gateway/documents.h"

namespace hullmark {
namespace {

using std::chrono::seconds;

constexpr seconds kHeadTime{5};        // From the first byte of a request to its last.
constexpr seconds kIdleTime{75};       // Between requests; Prometheus asks every 15 to 60 seconds.
constexpr seconds kWriteTime{30};      // For some more of an answer to be taken.
constexpr seconds kLongestWrite{600};  // For all of it.
constexpr seconds kLingerTime{1};      // For a client to read the end of an answer.
constexpr std::string_view kHeadEnd = "\n\r\n";
constexpr std::string_view kEmptyLine = "\r\n";  // Some clients send one after a body.

bool Lies(std::string_view part, std::string_view whole) {
  const std::less_equal<> before;
  return !whole.empty() && before(whole.data(), part.data()) &&
         before(part.data() + part.size(), whole.data() + whole.size());
}

}  // namespace

Connection::Connection(Fd socket, bool local, Moment now)
    : socket_(std::move(socket)), local_(local), deadline_(now + kHeadTime) {}

void Connection::Continue(Moment now) {
  switch (state_) {
    case State::kReading:
      if (buffer_.empty()) deadline_ = now + kHeadTime;
      Read();
      break;
    case State::kWriting:
      if (Flush()) deadline_ = std::min(now + kWriteTime, write_end_);
      AfterFlush(now);
      break;
    case State::kLingering:
      Read();
      buffer_.clear();
      break;
    case State::kDone:
      break;
  }
}

void Connection::Read() {
  std::array<char, 4096> piece;
  const ssize_t got = recv(socket_.get(), piece.data(), piece.size(), MSG_DONTWAIT);
  if (got > 0) {
    buffer_.append(piece.data(), static_cast<std::size_t>(got));
  } else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
    state_ = State::kDone;
  }
}

std::optional<std::string> Connection::TakeHead() {
  if (state_ != State::kReading) return std::nullopt;
  if (buffer_.starts_with(kEmptyLine)) buffer_.erase(0, kEmptyLine.size());
  const auto end = buffer_.find(kHeadEnd);
  if (end == std::string::npos || end + kHeadEnd.size() > kMostHead) return std::nullopt;
  std::string head = buffer_.substr(0, end + kHeadEnd.size());
  buffer_.erase(0, head.size());
  return head;
}

void Connection::Lend(std::string_view body, std::shared_ptr<const Documents> owner) {
  body_ = body;
  owner_ = std::move(owner);
}

std::size_t Connection::SendSome(std::string_view bytes) {
  std::size_t sent = 0;
  while (sent < bytes.size()) {
    const ssize_t took =
        send(socket_.get(), bytes.data() + sent, bytes.size() - sent, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (took < 0 && errno == EINTR) continue;
    if (took < 0) {
      if (errno != EAGAIN) state_ = State::kDone;
      break;
    }
    sent += static_cast<std::size_t>(took);
  }
  return sent;
}

bool Connection::Write(std::string_view bytes) {
  answering_ = true;
  if (waiting_text_.empty() && waiting_body_.empty()) bytes.remove_prefix(SendSome(bytes));
  if (state_ == State::kDone) return false;
  if (bytes.empty()) return true;
  if (!waiting_body_.empty()) return false;  // Nothing follows a body.
  if (Lies(bytes, body_)) {
    waiting_body_ = bytes;
  } else {
    waiting_text_ += bytes;
  }
  return true;
}

// True: the client took something.
bool Connection::Flush() {
  const std::size_t before = waiting_text_.size() + waiting_body_.size();
  waiting_text_.erase(0, SendSome(waiting_text_));
  if (waiting_text_.empty()) waiting_body_.remove_prefix(SendSome(waiting_body_));
  return waiting_text_.size() + waiting_body_.size() < before;
}

void Connection::AfterFlush(Moment now) {
  if (state_ == State::kDone || !waiting_text_.empty() || !waiting_body_.empty()) return;
  owner_.reset();
  body_ = {};
  if (keep_) {
    state_ = State::kReading;
    deadline_ = now + (buffer_.empty() ? kIdleTime : kHeadTime);
    return;
  }
  // Closing with unread bytes resets the connection, and the client may lose the answer.
  shutdown(socket_.get(), SHUT_WR);
  buffer_.clear();
  state_ = State::kLingering;
  deadline_ = now + kLingerTime;
}

void Connection::EndAnswer(bool keep, Moment now) {
  answering_ = false;
  if (state_ == State::kDone) return;
  keep_ = keep;
  state_ = State::kWriting;
  deadline_ = now + kWriteTime;
  write_end_ = now + kLongestWrite;
  AfterFlush(now);
}

bool Connection::Expire(Moment now) {
  const bool begun = state_ == State::kReading && !buffer_.empty();
  if (begun) {
    Write(LastResponse(408, "the request did not come in time"));
    EndAnswer(false, now);
  } else {
    state_ = State::kDone;
  }
  return begun;
}

}  // namespace hullmark
