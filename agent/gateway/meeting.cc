// SPDX-License-Identifier: Apache-2.0
#include "agent/gateway/meeting.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <expected>
#include <iterator>
#include <optional>
#include <string>
#include <utility>

#include "agent/base/file.h"
#include "agent/gateway/channel.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"

namespace hullmark {
namespace {

std::unexpected<Error> FailWith(const std::string& place, int number) {
  return Fail(CodeOfErrno(number), place + ": " + std::strerror(number));
}

// The other end of a connection if it may be one of ours: of a server it is who called listen(2).
Result<ucred> TrustedPeer(int socket, const std::string& place) {
  ucred peer = {};
  socklen_t length = sizeof peer;
  if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0) {
    return FailWith(place, errno);
  }
  // In a user namespace everybody who has no number there appears as the last one.
  constexpr uid_t kOverflow = 65'534;
  if (peer.uid != 0 && (peer.uid != geteuid() || peer.uid == kOverflow)) {
    return Fail(ErrorCode::kDenied, place + ": at the other end is uid " +
                                        std::to_string(peer.uid) + ", which is not trusted");
  }
  return peer;
}

}  // namespace

Result<Channel> JoinGateway(const std::string& path) {
  sockaddr_un name = {};
  name.sun_family = AF_UNIX;
  if (path.size() >= sizeof name.sun_path) return FailWith(path, ENAMETOOLONG);
  std::ranges::copy(path, std::begin(name.sun_path));
  Fd socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) return FailWith(path, errno);
  // Adopted first: what the gateway says at once has its sender too.
  auto channel = Channel::Adopt(std::move(socket));
  if (!channel) return channel;
  if (connect(channel->fd(), reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0) {
    return FailWith(path, errno);
  }
  if (const auto peer = TrustedPeer(channel->fd(), path); !peer) {
    return std::unexpected(peer.error());
  }
  return channel;
}

Result<InspectorSocket> InspectorSocket::Adopt(Fd listening) {
  // Accepted connections inherit SO_PASSCRED: what an inspector says at once has its sender too.
  const int on = 1;
  const int flags = fcntl(listening.get(), F_GETFL);
  if (flags < 0 || fcntl(listening.get(), F_SETFL, flags | O_NONBLOCK) != 0 ||
      fcntl(listening.get(), F_SETFD, FD_CLOEXEC) != 0 ||
      setsockopt(listening.get(), SOL_SOCKET, SO_PASSCRED, &on, sizeof on) != 0) {
    return FailWith("the inspector's socket", errno);
  }
  return InspectorSocket(std::move(listening));
}

Result<std::optional<Channel>> InspectorSocket::Accept() const {
  Fd socket(accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!socket) {
    if (errno == EAGAIN || errno == ECONNABORTED || errno == EINTR) return std::nullopt;
    return FailWith("the inspector's socket", errno);
  }
  const auto peer = TrustedPeer(socket.get(), "the inspector's socket");
  if (!peer) return std::unexpected(peer.error());
  auto channel = Channel::Adopt(std::move(socket));
  if (!channel) return std::unexpected(channel.error());
  channel->Expect(Pid{peer->pid});
  return std::move(*channel);
}

}  // namespace hullmark
