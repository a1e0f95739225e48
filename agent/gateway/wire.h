// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "agent/base/file.h"
#include "agent/gateway/moved.h"
#include "agent/gateway/tls.h"

namespace hullmark {

// What connects a client: bytes in and out, without ever waiting.
class Wire {
 public:
  explicit Wire(Fd socket, std::unique_ptr<TlsSession> tls = nullptr);
  Wire(Wire&&) = default;
  Wire& operator=(Wire&&) = delete;
  ~Wire();

  int fd() const { return socket_.get(); }

  Moved Receive(std::span<char> into) const;
  // `more`: something follows at once, and may travel in the same packet.
  Moved Send(std::string_view bytes, bool more) const;
  // From a file, without a copy of it in between, see sendfile(2): a piece of it at a time, so that
  // others come in between. SIGPIPE has to be blocked.
  Moved SendFile(const Fd& file, std::uint64_t offset, std::size_t length) const;
  // What the last call that moved nothing waits for.
  bool WaitsToWrite() const;
  // Something was received that nobody took: no socket will tell of it.
  bool HasMore() const;
  bool IsTls() const { return tls_ != nullptr; }
  // A certificate of the client's was verified.
  bool IsVerified() const;
  // Nothing is sent after this.
  void EndSending() const;

 private:
  Fd socket_;
  std::unique_ptr<TlsSession> tls_;
};

}  // namespace hullmark
