// SPDX-License-Identifier: Apache-2.0
#include "agent/gateway/address.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <strings.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

namespace hullmark {
namespace {

enum class Family : std::uint8_t { kUnknown, kV4, kV6, kUnix };

constexpr std::size_t kMappedAt = 12;    // ::ffff:127.0.0.1
constexpr std::size_t kNetworkSize = 8;  // Of a /64.

// An address of any family as the socket calls take it.
struct SocketAddress {
  sockaddr_storage storage = {};
  socklen_t length = sizeof(sockaddr_storage);

  sockaddr* raw() { return reinterpret_cast<sockaddr*>(&storage); }
  const in_addr& V4() const { return reinterpret_cast<const sockaddr_in&>(storage).sin_addr; }
  const in6_addr& V6() const { return reinterpret_cast<const sockaddr_in6&>(storage).sin6_addr; }
};

SocketAddress NameOf(int socket) {
  SocketAddress name;
  if (getsockname(socket, name.raw(), &name.length) != 0) name.storage.ss_family = AF_UNSPEC;
  return name;
}

SocketAddress PeerOf(int socket) {
  SocketAddress name;
  if (getpeername(socket, name.raw(), &name.length) != 0) name.storage.ss_family = AF_UNSPEC;
  return name;
}

bool IsLoopback(const SocketAddress& name) {
  switch (name.storage.ss_family) {
    case AF_INET:
      return ntohl(name.V4().s_addr) >> IN_CLASSA_NSHIFT == IN_LOOPBACKNET;
    case AF_INET6:
      return IN6_IS_ADDR_LOOPBACK(&name.V6()) ||
             (IN6_IS_ADDR_V4MAPPED(&name.V6()) && name.V6().s6_addr[kMappedAt] == IN_LOOPBACKNET);
    default:
      return false;
  }
}

ClientKey KeyOf(Family family, std::span<const std::uint8_t> bytes) {
  ClientKey key{};
  key.front() = static_cast<std::uint8_t>(family);
  std::ranges::copy(bytes, key.begin() + 1);
  return key;
}

ClientKey KeyOfUser(int connected) {
  ucred peer = {};
  socklen_t length = sizeof peer;
  if (getsockopt(connected, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0) peer = {};
  std::array<std::uint8_t, sizeof peer.uid> bytes{};
  std::memcpy(bytes.data(), &peer.uid, bytes.size());
  return KeyOf(Family::kUnix, bytes);
}

}  // namespace

ClientKey ClientOf(int connected) {
  const SocketAddress peer = PeerOf(connected);
  switch (peer.storage.ss_family) {
    case AF_INET: {
      std::array<std::uint8_t, sizeof(in_addr)> bytes{};
      std::memcpy(bytes.data(), &peer.V4(), bytes.size());
      return KeyOf(Family::kV4, bytes);
    }
    case AF_INET6: {
      const std::span<const std::uint8_t> bytes(peer.V6().s6_addr);
      return IN6_IS_ADDR_V4MAPPED(&peer.V6()) ? KeyOf(Family::kV4, bytes.subspan(kMappedAt))
                                              : KeyOf(Family::kV6, bytes.first(kNetworkSize));
    }
    case AF_UNIX:
      return KeyOfUser(connected);
    default:
      return {};
  }
}

std::string LocalAddressOf(int socket) {
  SocketAddress name = NameOf(socket);
  if (name.storage.ss_family != AF_INET && name.storage.ss_family != AF_INET6) return "unix";
  std::array<char, INET6_ADDRSTRLEN> host{};
  std::array<char, 8> port{};
  getnameinfo(name.raw(), name.length, host.data(), host.size(), port.data(), port.size(),
              NI_NUMERICHOST | NI_NUMERICSERV);
  const std::string text(host.data());
  const bool v6 = name.storage.ss_family == AF_INET6;
  return (v6 ? "[" + text + "]" : text) + ":" + port.data();
}

Origin OriginOf(int connected) {
  const SocketAddress name = NameOf(connected);
  if (name.storage.ss_family == AF_UNIX) return Origin::kUnixSocket;
  const bool loopback = IsLoopback(name) && IsLoopback(PeerOf(connected));
  return loopback ? Origin::kLoopback : Origin::kElsewhere;
}

bool IsAddressOrLocalhost(std::string_view host) {
  const bool bracketed = host.starts_with('[');
  const auto port = bracketed ? host.find(']') : host.find(':');
  const std::string name(bracketed && port != std::string_view::npos ? host.substr(1, port - 1)
                                                                     : host.substr(0, port));
  in6_addr address = {};
  if (bracketed) return inet_pton(AF_INET6, name.c_str(), &address) == 1;
  return name.empty() || strcasecmp(name.c_str(), "localhost") == 0 ||
         inet_pton(AF_INET, name.c_str(), &address) == 1;
}

}  // namespace hullmark
