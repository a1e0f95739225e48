// SPDX-License-Identifier: Apache-2.0
#include "agent/gateway/listener.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include <ios>
#include <string>
#include <utility>

#include "agent/base/file.h"
#include "agent/gateway/address.h"
#include "tests/unit/temp_tree.h"

namespace hullmark {
namespace {

TEST(ListenAddress, Forms) {
  EXPECT_EQ(ParseListenAddress("127.0.0.1:9723")->host, "127.0.0.1");
  EXPECT_EQ(ParseListenAddress("127.0.0.1:9723")->port, "9723");
  EXPECT_EQ(ParseListenAddress("[::1]:9723")->host, "::1");
  EXPECT_EQ(ParseListenAddress(":0")->host, "");
  EXPECT_EQ(ParseListenAddress("unix:/run/x.sock")->path, "/run/x.sock");
}

TEST(ListenAddress, WhatIsNoneIsRefusedByName) {
  for (const std::string text : {"", "9723", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "a:65536",
                                 "a:-1", "a: 1", "::1:9723", "[]:1", "unix:", "unix:relative"}) {
    const auto parsed = ParseListenAddress(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_TRUE(parsed.error().message.starts_with("listen " + text + ": ")) << text;
  }
}

TEST(Listener, APortThatIsTakenIsNamed) {
  const Fd first = std::move(ListenOn({.host = "127.0.0.1", .port = "0"}, "x").value());
  const std::string address = LocalAddressOf(first.get());
  const auto second = ListenOn(ParseListenAddress(address).value(), address);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().message, "listen " + address + ": Address already in use");
}

TEST(Listener, NamesAreNotResolved) {
  EXPECT_FALSE(ListenOn({.host = "localhost", .port = "0"}, "localhost:0"));
}

// Of a socket without a bound the kernel tells the 16 KiB that it would begin with.
TEST(Listener, WhatIsNotReadIsBounded) {
  const Fd listening = std::move(ListenOn({.host = "127.0.0.1", .port = "0"}, "x").value());
  int size = 0;
  socklen_t length = sizeof size;
  ASSERT_EQ(getsockopt(listening.get(), SOL_SOCKET, SO_SNDBUF, &size, &length), 0);
  EXPECT_GT(size, 32 << 10);
  EXPECT_LE(size, 512 << 10);
}

TEST(Listener, BothFamilies) {
  EXPECT_TRUE(ListenOn({.port = "0"}, ":0"));
  const auto v6 = ListenOn({.host = "::1", .port = "0"}, "[::1]:0");
  if (v6) {
    EXPECT_TRUE(LocalAddressOf(v6->get()).starts_with("[::1]:"));
  }
}

TEST(Listener, ASocketFileIsReplacedWhenNobodyServesIt) {
  const TempTree tree;
  const ListenAddress address{.path = tree.Path("s")};
  const std::string text = "unix:" + address.path;
  {
    const auto first = ListenOn(address, text);
    ASSERT_TRUE(first);
    EXPECT_EQ(LocalAddressOf(first->get()), "unix");
    EXPECT_EQ(ListenOn(address, text).error().message,
              "listen " + text + ": Address already in use");
  }
  EXPECT_TRUE(ListenOn(address, text));
  tree.Remove("s");
  tree.Write("s", "a file");
  EXPECT_FALSE(ListenOn(address, text));
  EXPECT_EQ(tree.Text("s"), "a file");
}

TEST(Listener, OwnerAndGroupMayConnectToASocket) {
  const TempTree tree;
  for (const mode_t mask : {0U, 0077U}) {
    const std::string name = std::to_string(mask);
    const mode_t before = umask(mask);
    const auto socket = ListenOn({.path = tree.Path(name)}, "unix:");
    umask(before);
    ASSERT_TRUE(socket);
    struct stat status = {};
    ASSERT_EQ(stat(tree.Path(name).c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777U, 0660U) << std::oct << mask;
  }
}

TEST(Listener, TheDirectoryOfASocketIsMadeForAll) {
  const TempTree tree;
  const mode_t before = umask(0077);
  const auto made = ListenOn({.path = tree.Path("run/s")}, "x");
  umask(before);
  EXPECT_TRUE(made) << made.error().message;
  struct stat status = {};
  ASSERT_EQ(stat(tree.Path("run").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777U, 0755U);
  EXPECT_FALSE(ListenOn({.path = tree.Path("not/there/s")}, "x"));
}

TEST(Listener, NothingIsRemovedWhereOthersWrite) {
  const TempTree tree;
  tree.MakeDirectory("open");
  EXPECT_TRUE(ListenOn({.path = tree.Path("open/s")}, "x"));  // And leaves its socket.
  ASSERT_EQ(chmod(tree.Path("open").c_str(), 0777), 0);
  EXPECT_FALSE(ListenOn({.path = tree.Path("open/s")}, "x"));
  EXPECT_EQ(access(tree.Path("open/s").c_str(), F_OK), 0);
}

}  // namespace
}  // namespace hullmark
