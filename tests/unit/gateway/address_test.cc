// SPDX-License-Identifier: Apache-2.0
#include "agent/gateway/address.h"

#include <gtest/gtest.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "agent/base/file.h"
#include "agent/gateway/listener.h"

namespace hullmark {
namespace {

// Where a client of 127.0.0.1 comes from that has bound itself to `from`; null: to nothing.
Origin OriginFrom(const sockaddr_in* from) {
  const Fd listening = std::move(ListenOn({.host = "127.0.0.1", .port = "0"}, "x").value());
  sockaddr_in name = {};
  socklen_t length = sizeof name;
  getsockname(listening.get(), reinterpret_cast<sockaddr*>(&name), &length);
  const Fd client(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (from != nullptr) {
    EXPECT_EQ(bind(client.get(), reinterpret_cast<const sockaddr*>(from), sizeof *from), 0);
  }
  EXPECT_EQ(connect(client.get(), reinterpret_cast<sockaddr*>(&name), sizeof name), 0);
  const Fd accepted(accept4(listening.get(), nullptr, nullptr, SOCK_CLOEXEC));
  EXPECT_TRUE(accepted);
  return OriginOf(accepted.get());
}

// An IPv4 address of this host that is not loopback.
std::optional<sockaddr_in> OtherAddress() {
  ifaddrs* raw = nullptr;
  if (getifaddrs(&raw) != 0) return std::nullopt;
  const std::unique_ptr<ifaddrs, void (*)(ifaddrs*)> all(raw, freeifaddrs);
  for (const ifaddrs* each = raw; each != nullptr; each = each->ifa_next) {
    if (each->ifa_addr == nullptr || each->ifa_addr->sa_family != AF_INET) continue;
    sockaddr_in name = {};
    std::memcpy(&name, each->ifa_addr, sizeof name);
    name.sin_port = 0;
    if (ntohl(name.sin_addr.s_addr) >> 24U != 127) return name;
  }
  return std::nullopt;
}

TEST(Address, LocalIsWhoComesFromLoopbackToo) {
  EXPECT_EQ(OriginFrom(nullptr), Origin::kLoopback);
  const auto other = OtherAddress();
  if (!other) GTEST_SKIP() << "this host has no address but loopback";
  EXPECT_EQ(OriginFrom(&*other), Origin::kElsewhere);
}

TEST(Address, AUnixSocketIsLocal) {
  std::array<int, 2> ends = {-1, -1};
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
  const Fd client(ends[0]);
  const Fd accepted(ends[1]);
  EXPECT_EQ(OriginOf(accepted.get()), Origin::kUnixSocket);
}

TEST(Address, HostsThatNobodyElseCanName) {
  for (const char* host : {"", "localhost", "LocalHost:9723", "127.0.0.1", "127.0.0.1:9723",
                           "[::1]", "[::1]:9723", "192.0.2.7"}) {
    EXPECT_TRUE(IsAddressOrLocalhost(host)) << host;
  }
  for (const char* host : {"evil.example", "evil.example:9723", "localhost.evil.example", "[evil]",
                           "[", "127.0.0.1.evil.example", "h"}) {
    EXPECT_FALSE(IsAddressOrLocalhost(host)) << host;
  }
}

// The key of a client that has bound itself to `from` and connected to `to`.
template <typename Address>
ClientKey KeyFrom(const std::string& host, const Address& from, Address to) {
  const Fd listening = std::move(ListenOn({.host = host, .port = "0"}, "x").value());
  Address name = {};
  socklen_t length = sizeof name;
  getsockname(listening.get(), reinterpret_cast<sockaddr*>(&name), &length);
  const Fd client(
      socket(reinterpret_cast<const sockaddr*>(&from)->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  EXPECT_EQ(bind(client.get(), reinterpret_cast<const sockaddr*>(&from), sizeof from), 0);
  if constexpr (requires { to.sin_port; }) {
    to.sin_port = name.sin_port;
  } else {
    to.sin6_port = name.sin6_port;
  }
  EXPECT_EQ(connect(client.get(), reinterpret_cast<sockaddr*>(&to), sizeof to), 0);
  const Fd accepted(accept4(listening.get(), nullptr, nullptr, SOCK_CLOEXEC));
  return ClientOf(accepted.get());
}

sockaddr_in Loopback(std::uint32_t last) {
  sockaddr_in name = {};
  name.sin_family = AF_INET;
  name.sin_addr.s_addr = htonl((INADDR_LOOPBACK & ~0xffU) | last);
  return name;
}

TEST(Address, EveryIpv4AddressIsAClient) {
  const ClientKey one = KeyFrom("127.0.0.1", Loopback(1), Loopback(1));
  EXPECT_EQ(KeyFrom("127.0.0.1", Loopback(1), Loopback(1)), one);
  EXPECT_NE(KeyFrom("127.0.0.1", Loopback(2), Loopback(1)), one);
  EXPECT_NE(one, ClientKey{});
}

TEST(Address, Ipv4OverAnIpv6SocketIsTheSameClient) {
  const Fd listening = std::move(ListenOn({.port = "0"}, ":0").value());
  sockaddr_in6 name = {};
  socklen_t length = sizeof name;
  getsockname(listening.get(), reinterpret_cast<sockaddr*>(&name), &length);
  if (name.sin6_family != AF_INET6) GTEST_SKIP() << "this host has no IPv6";
  const Fd client(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in to = Loopback(1);
  to.sin_port = name.sin6_port;
  ASSERT_EQ(connect(client.get(), reinterpret_cast<sockaddr*>(&to), sizeof to), 0);
  const Fd accepted(accept4(listening.get(), nullptr, nullptr, SOCK_CLOEXEC));
  EXPECT_EQ(ClientOf(accepted.get()), KeyFrom("127.0.0.1", Loopback(1), Loopback(1)));
}

TEST(Address, AUserOfAUnixSocketIsAClient) {
  std::array<int, 2> ends = {-1, -1};
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
  const Fd client(ends[0]);
  const Fd accepted(ends[1]);
  ClientKey key{};
  const uid_t uid = getuid();
  key[0] = ClientOf(accepted.get())[0];
  std::memcpy(&key[1], &uid, sizeof uid);
  EXPECT_NE(key[0], 0);
  EXPECT_EQ(ClientOf(accepted.get()), key);
}

}  // namespace
}  // namespace hullmark
