// SPDX-License-Identifier: Apache-2.0
#include "agent/parse/net_sockets.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "hullmark/result.h"

namespace hullmark {
namespace {

const std::string kUnixHeader = "Num       RefCount Protocol Flags    Type St Inode Path\n";
const std::string kTcpHeader =
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout "
    "inode\n";
constexpr std::string_view kTcpTail = " 00000000:00000000 00:00000000 00000000     0        0 ";

TEST(NetUnix, ReadsNamedSockets) {
  const auto sockets = ParseNetUnix(
      kUnixHeader +
      "00000000d19088d5: 00000002 00000000 00010000 0001 01  6982 /var/run/docker.sock\n"
      "00000000908c6879: 00000003 00000000 00000000 0001 03  8598 /run/a b\n"
      "0000000044cebe72: 00000003 00000000 00000000 0001 03 16327\n"
      "00000000e0ff2d13: 00000002 00000000 00010000 0005 01 17225 @/containerd-shim/x@\n");
  EXPECT_EQ(sockets, (std::vector<UnixSocket>{
                         {.path = "/var/run/docker.sock", .listening = true, .inode = 6982},
                         {.path = "/run/a b", .listening = false, .inode = 8598},
                         {.path = "@/containerd-shim/x@", .listening = true, .inode = 17225}}));
  EXPECT_TRUE(ParseNetUnix(kUnixHeader)->empty());
}

TEST(NetUnix, NewlinesInNamesHideNoOtherSocket) {
  const auto sockets =
      ParseNetUnix(kUnixHeader +
                   "0000000000000001: 00000002 00000000 00010000 0001 01 11 @a\nb: c\n\n"
                   "0000000000000002: 00000002 00000000 00010000 0001 01 12 /run/docker.sock\n");
  EXPECT_EQ(sockets, (std::vector<UnixSocket>{
                         {.path = "@a", .listening = true, .inode = 11},
                         {.path = "/run/docker.sock", .listening = true, .inode = 12}}));
}

TEST(NetUnix, WantsItsHeader) {
  EXPECT_EQ(ParseNetUnix(""), Missing(ErrorCode::kMalformed));
  EXPECT_EQ(ParseNetUnix("0000000000000001: 00000002 00000000 00010000 0001 01 11 /x\n"),
            Missing(ErrorCode::kMalformed));
}

std::string Tcp(std::string_view local, std::string_view state, std::string_view inode) {
  return kTcpHeader + "   0: " + std::string(local) + " 00000000:0000 " + std::string(state) +
         std::string(kTcpTail) + std::string(inode) + " 1 00000000c0832965 100 0 0 10 0\n";
}

TEST(NetTcp, ReadsListeners) {
  EXPECT_EQ(ParseNetTcp(Tcp("00000000:0947", "0A", "555"), false),
            (std::vector<TcpListener>{
                {.address = "0.0.0.0", .wildcard = true, .port = 2375, .inode = 555}}));
  EXPECT_EQ(ParseNetTcp(Tcp("0100007F:9197", "0A", "7685"), false),
            (std::vector<TcpListener>{
                {.address = "127.0.0.1", .loopback = true, .port = 37271, .inode = 7685}}));
  EXPECT_EQ(ParseNetTcp(Tcp("0201A8C0:0001", "0A", "1"), false)->front().address, "192.168.1.2");
  EXPECT_TRUE(ParseNetTcp(Tcp("0100007F:9197", "01", "7685"), false)->empty());
}

TEST(NetTcp, ReadsIpv6AndWhatIsMappedIntoIt) {
  struct Case {
    std::string_view digits, address;
    bool loopback, wildcard;
  };
  for (const auto& [digits, address, loopback, wildcard] :
       {Case{"00000000000000000000000000000000:0016", "::", false, true},
        Case{"00000000000000000000000001000000:0016", "::1", true, false},
        Case{"0000000000000000FFFF00000100007F:0016", "::ffff:127.0.0.1", true, false},
        Case{"0000000000000000FFFF000000000000:0016", "::ffff:0.0.0.0", false, true},
        Case{"000080FE00000000FF005450B6AD1DFE:0016", "fe80::5054:ff:fe1d:adb6", false, false}}) {
    const auto listeners = ParseNetTcp(Tcp(digits, "0A", "9"), true);
    EXPECT_EQ(listeners, (std::vector<TcpListener>{{.address = std::string(address),
                                                    .loopback = loopback,
                                                    .wildcard = wildcard,
                                                    .port = 22,
                                                    .inode = 9}}))
        << digits;
  }
}

TEST(NetTcp, RefusesEveryOtherForm) {
  EXPECT_TRUE(ParseNetTcp(kTcpHeader, false)->empty());
  for (const std::string& bad :
       {std::string(), kTcpHeader + "\n", kTcpHeader + "   0: 0100007F:9197\n",
        Tcp("0100007F", "0A", "1"), Tcp("0100007F:12345", "0A", "1"),
        Tcp("0100007:9197", "0A", "1"), Tcp("0100007G:9197", "0A", "1"),
        Tcp("0100007F:9197", "XX", "1"), Tcp("0100007F:9197", "0A", "x"),
        Tcp("0100007F:9197", "0A", "1") + "   1: "}) {
    EXPECT_EQ(ParseNetTcp(bad, false), Missing(ErrorCode::kMalformed)) << bad;
  }
  EXPECT_FALSE(ParseNetTcp(Tcp("0100007F:9197", "0A", "1"), true));
}

}  // namespace
}  // namespace hullmark
