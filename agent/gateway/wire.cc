// SPDX-License-Identifier: Apache-2.0
#include "agent/gateway/wire.h"

#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/types.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

#include "agent/base/file.h"
#include "agent/gateway/moved.h"
#include "agent/gateway/tls.h"

namespace hullmark {
namespace {

constexpr std::size_t kPiece = std::size_t{2} << 20;

Moved MovedOf(ssize_t result) {
  if (result >= 0) return {.bytes = static_cast<std::size_t>(result)};
  return {.gone = errno != EAGAIN && errno != EINTR};
}

// TLS takes 16 KiB at a time.
Moved SendRecords(TlsSession& tls, std::string_view bytes) {
  Moved sum;
  while (sum.bytes < bytes.size()) {
    const Moved sent = tls.Send(bytes.substr(sum.bytes));
    sum.bytes += sent.bytes;
    sum.gone = sent.gone;
    if (sent.bytes == 0) break;
  }
  return sum;
}

}  // namespace

Wire::Wire(Fd socket, std::unique_ptr<TlsSession> tls)
    : socket_(std::move(socket)), tls_(std::move(tls)) {}
Wire::~Wire() = default;

bool Wire::WaitsToWrite() const { return tls_ && tls_->WaitsToWrite(); }
bool Wire::HasMore() const { return tls_ && tls_->HasMore(); }
bool Wire::IsVerified() const { return tls_ && tls_->IsVerified(); }

Moved Wire::Receive(std::span<char> into) const {
  if (tls_) return tls_->Receive(into);
  const ssize_t got = recv(socket_.get(), into.data(), into.size(), MSG_DONTWAIT);
  return got == 0 && !into.empty() ? Moved{.gone = true} : MovedOf(got);
}

Moved Wire::Send(std::string_view bytes, bool more) const {
  if (tls_) return SendRecords(*tls_, bytes.substr(0, kPiece));
  return MovedOf(send(socket_.get(), bytes.data(), bytes.size(),
                      MSG_DONTWAIT | MSG_NOSIGNAL | (more ? MSG_MORE : 0)));
}

Moved Wire::SendFile(const Fd& file, std::uint64_t offset, std::size_t length) const {
  auto at = static_cast<off_t>(offset);
  return MovedOf(sendfile(socket_.get(), file.get(), &at, std::min(length, kPiece)));
}

void Wire::EndSending() const {
  if (tls_) tls_->EndSending();
  shutdown(socket_.get(), SHUT_WR);
}

}  // namespace hullmark
