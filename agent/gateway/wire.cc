// SPDX-License-Identifier: Apache-2.0
#include "agent/gateway/wire.h"

#include <sys/socket.h>
#include <sys/types.h>

#include <cerrno>
#include <cstddef>
#include <span>
#include <string_view>

namespace hullmark {
namespace {

Moved MovedOf(ssize_t result) {
  if (result >= 0) return {.bytes = static_cast<std::size_t>(result)};
  return {.gone = errno != EAGAIN && errno != EINTR};
}

}  // namespace

Moved Wire::Receive(std::span<char> into) const {
  const ssize_t got = recv(socket_.get(), into.data(), into.size(), MSG_DONTWAIT);
  return got == 0 && !into.empty() ? Moved{.gone = true} : MovedOf(got);
}

Moved Wire::Send(std::string_view bytes, bool more) const {
  return MovedOf(send(socket_.get(), bytes.data(), bytes.size(),
                      MSG_DONTWAIT | MSG_NOSIGNAL | (more ? MSG_MORE : 0)));
}

void Wire::EndSending() const { shutdown(socket_.get(), SHUT_WR); }

}  // namespace hullmark
