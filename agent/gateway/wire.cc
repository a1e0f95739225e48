// SPDX-License-Identifier: Apache-2.0
#include "agent/gateway/wire.h"

#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/types.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "agent/base/file.h"
#include "agent/gateway/moved.h"

namespace hullmark {
namespace {

constexpr std::size_t kPiece = std::size_t{2} << 20;

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

Moved Wire::SendFile(const Fd& file, std::uint64_t offset, std::size_t length) const {
  auto at = static_cast<off_t>(offset);
  return MovedOf(sendfile(socket_.get(), file.get(), &at, std::min(length, kPiece)));
}

void Wire::EndSending() const { shutdown(socket_.get(), SHUT_WR); }

}  // namespace hullmark
