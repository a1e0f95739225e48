// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "agent/base/file.h"
#include "agent/gateway/documents.h"

namespace hullmark {

// A client's connection. It never blocks: what a slow client sends is collected until a request is
// whole, what it does not take waits until it does. So a worker is busy with a request only as long
// as answering takes, and two of them serve any number of clients.
class Connection {
 public:
  using Moment = std::chrono::steady_clock::time_point;
  enum class State : std::uint8_t { kReading, kWriting, kLingering, kDone };
  static constexpr std::size_t kMostHead = std::size_t{16} << 10;  // Request line and headers.

  Connection(Fd socket, bool local, Moment now);

  int fd() const { return socket_.get(); }
  bool local() const { return local_; }
  State state() const { return state_; }
  Moment deadline() const { return deadline_; }
  bool IsIdle() const { return state_ == State::kReading && buffer_.empty(); }
  bool IsAnswering() const { return answering_; }  // Something of an answer was written.
  bool IsTooLarge() const { return buffer_.size() > kMostHead; }

  // The socket is readable or writable, as the state waits for.
  void Continue(Moment now);

  // Takes the first whole request from what was read: its head, up to the empty line. Bodies are
  // never read: whoever sends one is not served again.
  std::optional<std::string> TakeHead();

  // What the next bytes belong to: writes of parts of `body` refer to it, and `owner` keeps it.
  void Lend(std::string_view body, std::shared_ptr<const Documents> owner);

  // Sends what the client takes now and keeps the rest. False: the client is gone.
  bool Write(std::string_view bytes);

  // All of an answer was written; `keep`: another request may follow.
  void EndAnswer(bool keep, Moment now);

  // Past its deadline. True: the client had begun a request, and was told so (408).
  bool Expire(Moment now);

 private:
  void Read();
  bool Flush();
  void AfterFlush(Moment now);
  std::size_t SendSome(std::string_view bytes);

  Fd socket_;
  bool local_;
  State state_ = State::kReading;
  Moment deadline_;
  Moment write_end_{};        // However slowly an answer is taken, it ends here.
  std::string buffer_;        // Received, not answered.
  std::string waiting_text_;  // To be sent, before waiting_body_.
  std::string_view body_, waiting_body_;
  std::shared_ptr<const Documents> owner_;
  bool keep_ = true;
  bool answering_ = false;
};

}  // namespace hullmark
