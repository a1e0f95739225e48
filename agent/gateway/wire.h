// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <utility>

#include "agent/base/file.h"

namespace hullmark {

// How much went over a wire: 0 bytes of one that is not gone means "later".
struct Moved {
  std::size_t bytes = 0;
  bool gone = false;  // Ended, or broken.
};

// What connects a client: bytes in and out, without ever waiting.
class Wire {
 public:
  explicit Wire(Fd socket) : socket_(std::move(socket)) {}

  int fd() const { return socket_.get(); }

  Moved Receive(std::span<char> into) const;
  // `more`: something follows at once, and may travel in the same packet.
  Moved Send(std::string_view bytes, bool more) const;
  // Nothing is sent after this.
  void EndSending() const;

 private:
  Fd socket_;
};

}  // namespace hullmark
