// SPDX-License-Identifier: Apache-2.0
#include "agent/gateway/connection.h"

#include <algorithm>
#include <cassert>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "agent/gateway/address.h"
#include "agent/gateway/answer.h"
#include "agent/gateway/documents.h"
#include "agent/gateway/event_id.h"
#include "agent/gateway/moved.h"
#include "agent/gateway/seats.h"
#include "agent/gateway/wire.h"

namespace hullmark {
namespace {

using std::chrono::seconds;

constexpr seconds kHeadTime{2};    // For a whole request, from the connection or its first byte.
constexpr seconds kIdleTime{75};   // Between requests; Prometheus asks every 15 to 60 seconds.
constexpr seconds kWriteTime{10};  // For some more of an answer to be taken.
constexpr seconds kLongestWrite{120};  // For all of it.
constexpr seconds kCheckTime{60};      // For a password to be verified.
constexpr seconds kSignOfLife{15};     // On a stream; whoever does not take it has gone.
constexpr seconds kLingerTime{1};      // For a client to read the end of an answer.
constexpr std::string_view kHeadEnd = "\n\r\n";
constexpr std::string_view kEmptyLine = "\r\n";  // Some clients send one after a body.

bool Lies(std::string_view part, std::string_view whole) {
  const std::less_equal<> before;
  return !whole.empty() && before(whole.data(), part.data()) &&
         before(part.data() + part.size(), whole.data() + whole.size());
}

}  // namespace

Connection::Connection(Wire wire, Origin origin, Moment now)
    : wire_(std::move(wire)), origin_(origin), since_(now), deadline_(now + kHeadTime) {}

Standing Connection::standing() const {
  switch (state_) {
    case State::kReading:
      return idle_ ? Standing::kIdle : Standing::kIncomplete;
    case State::kChecking:
    case State::kWriting:
    case State::kStreaming:
      return Standing::kAnswering;
    case State::kLingering:
    case State::kDone:
      return Standing::kIdle;
  }
  assert(false);
  return Standing::kIdle;
}

void Connection::Continue(Moment now) {
  switch (state_) {
    case State::kReading:
      Read();
      if (!idle_ || buffer_.empty()) break;
      idle_ = false;
      since_ = now;
      deadline_ = now + kHeadTime;
      break;
    case State::kWriting:
      if (Flush()) deadline_ = std::min(now + kWriteTime, write_end_);
      AfterFlush(now);
      break;
    case State::kStreaming:
      ContinueStream(now);
      break;
    case State::kLingering:
      Read();
      buffer_.clear();
      break;
    case State::kChecking:  // Nothing is waited for there but the end.
      state_ = State::kDone;
      break;
    case State::kDone:
      break;
  }
}

bool Connection::WantsToWrite() const {
  const bool reads = state_ == State::kReading || state_ == State::kLingering;
  return state_ == State::kWriting || IsBehind() || (reads && wire_.WaitsToWrite());
}

void Connection::BeginCheck(Moment now) {
  state_ = State::kChecking;
  since_ = now;
  deadline_ = now + kCheckTime;
}

// One byte more than a head may have tells that it is too large.
void Connection::Read() {
  const std::size_t before = buffer_.size();
  if (before > kMostHead) return;
  buffer_.resize(kMostHead + 1);
  const Moved got = wire_.Receive({buffer_.data() + before, buffer_.size() - before});
  buffer_.resize(before + got.bytes);
  if (got.gone) state_ = State::kDone;
  if (buffer_.starts_with(kEmptyLine)) buffer_.erase(0, kEmptyLine.size());
}

// 0: it is not whole.
std::size_t Connection::HeadSize() const {
  const auto end = buffer_.find(kHeadEnd);
  const bool whole = end != std::string::npos && end + kHeadEnd.size() <= kMostHead;
  return whole ? end + kHeadEnd.size() : 0;
}

bool Connection::HasHead() const {
  return state_ == State::kReading && (HeadSize() > 0 || buffer_.size() > kMostHead);
}

std::optional<std::string> Connection::TakeHead() {
  if (!HasHead()) return std::nullopt;
  std::string head = buffer_.substr(0, HeadSize());
  buffer_.erase(0, head.size());
  if (buffer_.starts_with(kEmptyLine)) buffer_.erase(0, kEmptyLine.size());
  return head;
}

void Connection::Lend(std::string_view body, std::shared_ptr<const Documents> owner) {
  body_ = body;
  owner_ = std::move(owner);
}

bool Connection::Write(std::string_view bytes) {
  answering_ = true;
  if (bytes.empty()) return true;
  if (!waiting_body_.empty()) return false;
  if (Lies(bytes, body_)) {
    waiting_body_ = bytes;
  } else {
    waiting_text_ += bytes;
  }
  return true;
}

// True: the client took something.
bool Connection::Flush() {
  bool progress = false;
  const auto count = [&](const Moved& sent) {
    if (sent.gone) state_ = State::kDone;
    progress = progress || sent.bytes > 0;
    return sent.bytes;
  };
  if (!waiting_text_.empty()) {
    waiting_text_.erase(0, count(wire_.Send(waiting_text_, !waiting_body_.empty())));
  }
  if (waiting_text_.empty() && !waiting_body_.empty() && state_ != State::kDone) {
    waiting_body_.remove_prefix(count(
        owner_ && !wire_.IsTls()
            ? wire_.SendFile(owner_->file(), owner_->OffsetOf(waiting_body_), waiting_body_.size())
            : wire_.Send(waiting_body_, false)));
  }
  return progress;
}

void Connection::AfterFlush(Moment now) {
  if (state_ == State::kDone || !IsFlushed()) return;
  owner_.reset();
  body_ = {};
  since_ = now;
  if (keep_) {
    state_ = State::kReading;
    idle_ = buffer_.empty();
    deadline_ = now + (idle_ ? kIdleTime : kHeadTime);
    return;
  }
  // Closing with unread bytes resets the connection, and the client may lose the answer.
  wire_.EndSending();
  buffer_.clear();
  state_ = State::kLingering;
  deadline_ = now + kLingerTime;
}

void Connection::EndAnswer(bool keep, Moment now) {
  answering_ = false;
  keep_ = keep && !last_;
  state_ = State::kWriting;
  since_ = now;
  deadline_ = now + kWriteTime;
  write_end_ = now + kLongestWrite;
  Flush();
  AfterFlush(now);
}

void Connection::MakeLast() {
  last_ = true;
  keep_ = false;
}

void Connection::BeginStream(const EventId& told, Moment now) {
  answering_ = false;
  buffer_.clear();  // Nothing is answered after a stream.
  state_ = State::kStreaming;
  since_ = now;
  told_ = told;
  Flush();
  ExpectStream(now);
}

// When a stream has to have taken more, or is given a sign of life.
void Connection::ExpectStream(Moment now) {
  if (state_ != State::kStreaming) return;
  deadline_ = now + (IsFlushed() ? kSignOfLife : kWriteTime);
  if (IsFlushed()) owner_.reset();
}

void Connection::ContinueStream(Moment now) {
  Read();  // It tells when the client has gone; a client has nothing to say
           // here.
  buffer_.clear();
  if (state_ != State::kDone && IsBehind() && Flush()) ExpectStream(now);
}

void Connection::Tell(std::string note, std::string_view events,
                      std::shared_ptr<const Documents> owner, const EventId& last, Moment now) {
  waiting_text_ = std::move(note);
  waiting_body_ = events;
  owner_ = std::move(owner);
  told_ = last;
  Flush();
  ExpectStream(now);
}

bool Connection::Expire(Moment now) {
  if (IsStreaming() && !IsBehind()) {
    Tell(": still here\n\n", "", nullptr, EventId(told_), now);
    return false;
  }
  const bool begun = state_ == State::kReading && !buffer_.empty();
  if (begun) {
    Write(LastResponse(408, "the request did not come in time", HeadersWith({})));
    EndAnswer(false, now);
  } else {
    state_ = State::kDone;
  }
  return begun;
}

}  // namespace hullmark
