// SPDX-License-Identifier: Apache-2.0
#include "agent/gateway/channel.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "agent/gateway/answer.h"
#include "agent/gateway/documents.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "tests/unit/gateway/published.h"

namespace hullmark {
namespace {

struct Ends {
  Channel inspector, gateway;
};

Ends MakeEnds() {
  auto pair = Channel::MakePair().value();
  return {.inspector = std::move(pair.first),
          .gateway = Channel::Adopt(std::move(pair.second)).value()};
}

TEST(Channel, DocumentsArriveAsADescriptor) {
  Ends ends = MakeEnds();
  ends.gateway.Expect(Pid{getpid()});
  EXPECT_FALSE(ends.gateway.ReceiveDocuments().value());
  EXPECT_EQ(ends.inspector.SendDocuments(MakePublished(), 7), Sent::kSent);
  auto received = ends.gateway.ReceiveDocuments();
  ASSERT_TRUE(received && *received);
  EXPECT_EQ((*received)->sequence, 7);
  EXPECT_EQ(Documents::Open(std::move((*received)->file)).value()->Find("/metrics")->plain,
            MetricsText());
}

TEST(Channel, StateArrivesWhole) {
  const Ends ends = MakeEnds();
  GatewayState state{.listening = true, .received = 9, .refused = true};
  state.requests[1][2] = 34;
  EXPECT_EQ(ends.gateway.SendState(state), Sent::kSent);
  const auto received = ends.inspector.ReceiveState();
  ASSERT_TRUE(received && *received);
  EXPECT_TRUE((*received)->listening);
  EXPECT_EQ((*received)->received, 9);
  EXPECT_TRUE((*received)->refused);
  EXPECT_EQ((*received)->requests, state.requests);
}

TEST(Channel, AnOrderArrivesWhole) {
  const Ends ends = MakeEnds();
  EXPECT_FALSE(ends.gateway.ReceiveOrder().value());
  const ServeOrder order{.listen = {"127.0.0.1:9723", "unix:/run/s"}, .api = ApiRule::kOff};
  EXPECT_EQ(ends.inspector.SendOrder(order), Sent::kSent);
  EXPECT_EQ(ends.gateway.ReceiveOrder().value(), order);
  EXPECT_EQ(ends.inspector.SendOrder({}), Sent::kSent);
  EXPECT_EQ(ends.gateway.ReceiveOrder().value(), ServeOrder{});
}

TEST(Channel, AnOrderHasNoMoreThanFits) {
  const Ends ends = MakeEnds();
  const std::string half(ServeOrder::kMostBytes / 2, 'a');
  EXPECT_EQ(ends.inspector.SendOrder({.listen = {half, half}}), Sent::kSent);
  EXPECT_EQ(ends.gateway.ReceiveOrder().value(), ServeOrder{.listen = {half}});
}

TEST(Channel, AnOrderIsNoStateAndNoDocuments) {
  const Ends ends = MakeEnds();
  EXPECT_EQ(ends.gateway.SendOrder({.listen = {"127.0.0.1:0"}}), Sent::kSent);
  EXPECT_EQ(ends.inspector.ReceiveState().error().code, ErrorCode::kMalformed);
  EXPECT_EQ(ends.inspector.SendOrder({.listen = {"127.0.0.1:0"}}), Sent::kSent);
  EXPECT_EQ(ends.gateway.ReceiveDocuments().error().code, ErrorCode::kMalformed);
}

TEST(Channel, TheSenderOfAStateIsKnown) {
  const Ends ends = MakeEnds();
  EXPECT_EQ(ends.gateway.SendState({.listening = true}), Sent::kSent);
  EXPECT_EQ(ends.inspector.ReceiveState().value()->sender, Pid{getpid()});
}

TEST(Channel, TheEndIsAnErrorOfItsOwn) {
  Ends ends = MakeEnds();
  ends.gateway = Channel();
  EXPECT_EQ(ends.inspector.ReceiveState().error().code, ErrorCode::kVanished);
  EXPECT_EQ(ends.inspector.SendDocuments(MakePublished(), 1), Sent::kGone);
}

TEST(Channel, AFullOneDoesNotBlock) {
  const Ends ends = MakeEnds();
  Sent sent = Sent::kSent;
  for (int i = 0; i < 100'000 && sent == Sent::kSent; ++i) sent = ends.gateway.SendState({});
  EXPECT_EQ(sent, Sent::kFull);
}

TEST(Channel, OtherSendersAreRefused) {
  Ends ends = MakeEnds();
  ends.inspector.Expect(Pid{getpid()});
  const pid_t child = fork();
  if (child == 0) _exit(ends.gateway.SendState({.listening = true}) == Sent::kSent ? 0 : 1);
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_EQ(status, 0);
  EXPECT_EQ(ends.inspector.ReceiveState().error().code, ErrorCode::kDenied);
}

TEST(Channel, WhatIsNoMessageOfOursIsRefused) {
  for (const std::string& bytes : {std::string("x"), std::string(4096, '\0')}) {
    const Ends ends = MakeEnds();
    ASSERT_EQ(send(ends.gateway.fd(), bytes.data(), bytes.size(), 0),
              static_cast<ssize_t>(bytes.size()));
    EXPECT_EQ(ends.inspector.ReceiveState().error().code, ErrorCode::kMalformed);
    ASSERT_EQ(send(ends.inspector.fd(), bytes.data(), bytes.size(), 0),
              static_cast<ssize_t>(bytes.size()));
    EXPECT_EQ(ends.gateway.ReceiveDocuments().error().code, ErrorCode::kMalformed);
  }
}

TEST(Channel, DocumentsNeedADescriptor) {
  const Ends ends = MakeEnds();
  EXPECT_EQ(ends.inspector.SendDocuments(Fd(), 1), Sent::kSent);
  EXPECT_EQ(ends.gateway.ReceiveDocuments().error().code, ErrorCode::kMalformed);
}

std::size_t OpenDescriptors() {
  std::size_t count = 0;
  for (int number = 0; number < 1024; ++number) count += fcntl(number, F_GETFD) >= 0 ? 1 : 0;
  return count;
}

// Sends `bytes` with `count` descriptors.
void Pass(const Channel& channel, std::span<std::byte> bytes, std::size_t count) {
  const std::vector<int> passed(count, STDIN_FILENO);
  iovec part = {.iov_base = bytes.data(), .iov_len = bytes.size()};
  std::vector<std::max_align_t> room(CMSG_SPACE(count * sizeof(int)));
  msghdr header = {};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = room.data();
  header.msg_controllen = CMSG_SPACE(count * sizeof(int));
  cmsghdr* const rights = CMSG_FIRSTHDR(&header);
  rights->cmsg_level = SOL_SOCKET;
  rights->cmsg_type = SCM_RIGHTS;
  rights->cmsg_len = CMSG_LEN(count * sizeof(int));
  std::memcpy(CMSG_DATA(rights), passed.data(), count * sizeof(int));
  ASSERT_EQ(sendmsg(channel.fd(), &header, 0), static_cast<ssize_t>(bytes.size()));
}

// The bytes of a message that `send` sends from one end of a channel of its own.
template <typename Send>
std::vector<std::byte> BytesOf(const Send& send) {
  const Ends ends = MakeEnds();
  send(ends);
  std::vector<std::byte> bytes(65536);
  ssize_t got = recv(ends.gateway.fd(), bytes.data(), bytes.size(), MSG_DONTWAIT);
  if (got < 0) got = recv(ends.inspector.fd(), bytes.data(), bytes.size(), MSG_DONTWAIT);
  EXPECT_GT(got, 0);
  bytes.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  return bytes;
}

TEST(Channel, NoDescriptorStaysThatNobodyAskedFor) {
  auto state = BytesOf([](const Ends& ends) { ends.gateway.SendState({.listening = true}); });
  auto documents = BytesOf([](const Ends& ends) { ends.inspector.SendDocuments(Fd(), 1); });
  const Ends ends = MakeEnds();
  const std::size_t before = OpenDescriptors();
  for (const std::size_t count : {1U, 2U, 3U, 10U}) {
    Pass(ends.gateway, state, count);
    EXPECT_EQ(ends.inspector.ReceiveState().error().code, ErrorCode::kMalformed) << count;
    if (count == 1) continue;
    Pass(ends.inspector, documents, count);
    EXPECT_EQ(ends.gateway.ReceiveDocuments().error().code, ErrorCode::kMalformed) << count;
  }
  EXPECT_EQ(OpenDescriptors(), before);
}

}  // namespace
}  // namespace hullmark
