// SPDX-License-Identifier: Apache-2.0
#include "agent/base/packets.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <expected>
#include <iterator>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "agent/base/file.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"

namespace hullmark {
namespace {

std::unexpected<Error> FailWith(const std::string& place, int number) {
  return Fail(CodeOfErrno(number), place + ": " + std::strerror(number));
}

// Room for one descriptor and the sender's identity. Padding leaves room for a second descriptor:
// whoever receives must look at all that came.
struct Ancillary {
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int)) + CMSG_SPACE(sizeof(ucred))> bytes{};
};

// Takes what came with a packet. Whatever else happens, each passed descriptor has an owner.
void TakeAncillary(msghdr& header, Packet& packet) {
  for (cmsghdr* part = CMSG_FIRSTHDR(&header); part != nullptr; part = CMSG_NXTHDR(&header, part)) {
    if (part->cmsg_level != SOL_SOCKET) continue;
    if (part->cmsg_type == SCM_RIGHTS) {
      const std::size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
      for (std::size_t at = 0; at < count; ++at) {
        int passed = -1;
        std::memcpy(&passed, CMSG_DATA(part) + at * sizeof passed, sizeof passed);
        packet.passed.emplace_back(passed);
      }
    } else if (part->cmsg_type == SCM_CREDENTIALS) {
      ucred sender = {};
      std::memcpy(&sender, CMSG_DATA(part), sizeof sender);
      packet.sender = Pid{sender.pid};
    }
  }
}

// Without waiting, closed on exec, and with the names of senders.
bool Prepare(int socket) {
  const int on = 1;
  const int flags = fcntl(socket, F_GETFL);
  return flags >= 0 && fcntl(socket, F_SETFL, flags | O_NONBLOCK) == 0 &&
         fcntl(socket, F_SETFD, FD_CLOEXEC) == 0 &&
         setsockopt(socket, SOL_SOCKET, SO_PASSCRED, &on, sizeof on) == 0;
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

constexpr const char* kChannel = "channel";
constexpr const char* kListening = "the inspector's socket";

}  // namespace

Result<PacketSocket> PacketSocket::Adopt(Fd socket) {
  if (!Prepare(socket.get())) return FailWith(kChannel, errno);
  return PacketSocket(std::move(socket));
}

Result<std::pair<PacketSocket, Fd>> PacketSocket::MakePair() {
  std::array<int, 2> ends = {-1, -1};
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return FailWith(kChannel, errno);
  }
  Fd ours(ends[0]);
  Fd theirs(ends[1]);
  // Set on both before anything is sent: a packet carries its sender only when it was on by then.
  const int on = 1;
  if (setsockopt(theirs.get(), SOL_SOCKET, SO_PASSCRED, &on, sizeof on) != 0) {
    return FailWith(kChannel, errno);
  }
  auto socket = Adopt(std::move(ours));
  if (!socket) return std::unexpected(socket.error());
  return std::pair(std::move(*socket), std::move(theirs));
}

Sent PacketSocket::Send(std::string_view bytes, int passed) const {
  iovec part = {.iov_base = const_cast<char*>(bytes.data()), .iov_len = bytes.size()};
  Ancillary ancillary;
  msghdr header = {};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  if (passed >= 0) {
    header.msg_control = ancillary.bytes.data();
    header.msg_controllen = CMSG_SPACE(sizeof passed);
    cmsghdr* const rights = CMSG_FIRSTHDR(&header);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof passed);
    std::memcpy(CMSG_DATA(rights), &passed, sizeof passed);
  }
  while (true) {
    if (sendmsg(socket_.get(), &header, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0) return Sent::kSent;
    if (errno == EAGAIN || errno == ENOBUFS || errno == ETOOMANYREFS) return Sent::kFull;
    if (errno != EINTR) return Sent::kGone;
  }
}

Result<std::optional<Packet>> PacketSocket::Receive(std::span<char> into,
                                                    std::size_t descriptors) const {
  Packet packet;
  iovec part = {.iov_base = into.data(), .iov_len = into.size()};
  Ancillary ancillary;
  msghdr header = {};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = ancillary.bytes.data();
  // Without room the kernel keeps descriptors to itself and says MSG_CTRUNC.
  header.msg_controllen = descriptors > 0 ? ancillary.bytes.size() : CMSG_SPACE(sizeof(ucred));
  ssize_t got = -1;
  do {
    got = recvmsg(socket_.get(), &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  } while (got < 0 && errno == EINTR);
  if (got < 0 && errno == EAGAIN) return std::nullopt;
  if (got == 0 || (got < 0 && errno == ECONNRESET)) {
    return Fail(ErrorCode::kVanished, "channel: closed");
  }
  if (got < 0) return FailWith(kChannel, errno);
  TakeAncillary(header, packet);
  if (peer_ && packet.sender != peer_) {
    return Fail(ErrorCode::kDenied, "channel: a message from another process");
  }
  if ((header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0 || packet.passed.size() > descriptors) {
    return Fail(ErrorCode::kMalformed, "channel: not one of our messages");
  }
  packet.bytes = static_cast<std::size_t>(got);
  return packet;
}

Result<PacketSocket> JoinAt(const std::string& path) {
  sockaddr_un name = {};
  name.sun_family = AF_UNIX;
  if (path.size() >= sizeof name.sun_path) return FailWith(path, ENAMETOOLONG);
  std::ranges::copy(path, std::begin(name.sun_path));
  Fd socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) return FailWith(path, errno);
  // Adopted first: what the other one says at once has its sender too.
  auto joined = PacketSocket::Adopt(std::move(socket));
  if (!joined) return joined;
  if (connect(joined->fd(), reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0) {
    return FailWith(path, errno);
  }
  if (const auto peer = TrustedPeer(joined->fd(), path); !peer) {
    return std::unexpected(peer.error());
  }
  return joined;
}

// Accepted connections inherit SO_PASSCRED: what an inspector says at once has its sender too.
Result<PacketListener> PacketListener::Adopt(Fd listening) {
  if (!Prepare(listening.get())) return FailWith(kListening, errno);
  return PacketListener(std::move(listening));
}

Result<std::optional<PacketSocket>> PacketListener::Accept() const {
  Fd socket(accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!socket) {
    if (errno == EAGAIN || errno == ECONNABORTED || errno == EINTR) return std::nullopt;
    return FailWith(kListening, errno);
  }
  const auto peer = TrustedPeer(socket.get(), kListening);
  if (!peer) return std::unexpected(peer.error());
  auto accepted = PacketSocket::Adopt(std::move(socket));
  if (!accepted) return std::unexpected(accepted.error());
  accepted->Expect(Pid{peer->pid});
  return std::move(*accepted);
}

}  // namespace hullmark
