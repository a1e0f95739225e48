// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "agent/gateway/address.h"
#include "agent/gateway/documents.h"
#include "agent/gateway/event_id.h"
#include "agent/gateway/seats.h"
#include "agent/gateway/wire.h"

namespace hullmark {

// A client's connection. It never blocks: what a slow client sends is collected until a request is
// whole, what it does not take waits until it does. So one thread serves any number of them.
class Connection {
 public:
  using Moment = std::chrono::steady_clock::time_point;
  enum class State : std::uint8_t { kReading, kChecking, kWriting, kStreaming, kLingering, kDone };
  static constexpr std::size_t kMostHead = std::size_t{8} << 10;  // Request line and headers.

  Connection(Wire wire, Origin origin, Moment now);

  int fd() const { return wire_.fd(); }
  Origin origin() const { return origin_; }
  State state() const { return state_; }
  Moment deadline() const { return deadline_; }
  Standing standing() const;
  Moment since() const { return since_; }          // Of the standing.
  bool IsAnswering() const { return answering_; }  // Something of an answer was written.
  bool WantsToWrite() const;
  bool WantsToRead() const { return state_ != State::kChecking; }
  bool IsVerified() const { return wire_.IsVerified(); }  // By a certificate.
  // More has come than the socket tells of.
  bool HasMore() const { return state_ == State::kReading && wire_.HasMore(); }

  // The socket is readable or writable, as it wants.
  void Continue(Moment now);

  // Whether a request has come that was not taken yet: whole, or larger than it may be.
  bool HasHead() const;

  // Takes the first request from what was read: its head, up to the empty line; "" for one that is
  // too large. Bodies are never read: whoever sends one is not served again.
  std::optional<std::string> TakeHead();

  // The request that was taken is being looked at elsewhere: nothing is read meanwhile.
  void BeginCheck(Moment now);

  // What the next bytes belong to: writes of parts of `body` refer to it, and `owner` keeps it.
  void Lend(std::string_view body, std::shared_ptr<const Documents> owner);

  // Adds to the answer. False: nothing may follow what was lent.
  bool Write(std::string_view bytes);

  // All of an answer was written: sends what the client takes now and keeps the rest. `keep`:
  // another request may follow.
  void EndAnswer(bool keep, Moment now);

  // The answer that is being made or sent is the last one.
  void MakeLast();
  bool IsLast() const { return last_; }

  // In place of EndAnswer(): what was written is only the beginning of a stream of events.
  // `told`: the id of the last one that the client knows.
  void BeginStream(const EventId& told, Moment now);
  bool IsStreaming() const { return state_ == State::kStreaming; }
  // A stream that has not taken all that it was given.
  bool IsBehind() const { return IsStreaming() && !IsFlushed(); }
  const EventId& told() const { return told_; }
  // The set that what waits to be sent is of; null: of none.
  const std::shared_ptr<const Documents>& owner() const { return owner_; }
  // Goes on with a stream that is not behind: `note` first, then `events`, a part of `owner`, the
  // last of which is `last`.
  void Tell(std::string note, std::string_view events, std::shared_ptr<const Documents> owner,
            const EventId& last, Moment now);

  // Past its deadline; a stream is given a sign of life. True: the client had begun a request, and
  // was told so (408).
  bool Expire(Moment now);

 private:
  void Read();
  std::size_t HeadSize() const;
  bool Flush();
  void AfterFlush(Moment now);
  bool IsFlushed() const { return waiting_text_.empty() && waiting_body_.empty(); }
  void ContinueStream(Moment now);
  void ExpectStream(Moment now);

  Wire wire_;
  Origin origin_;
  State state_ = State::kReading;
  Moment since_, deadline_;
  Moment write_end_{};        // However slowly an answer is taken, it ends here.
  std::string buffer_;        // Received, not answered.
  std::string waiting_text_;  // To be sent, before waiting_body_.
  std::string_view body_, waiting_body_;
  std::shared_ptr<const Documents> owner_;
  EventId told_;       // Id of the last event that was given to a stream.
  bool idle_ = false;  // An answer was sent, and nothing has come since.
  bool keep_ = true;
  bool last_ = false;
  bool answering_ = false;
};

}  // namespace hullmark
