// SPDX-License-Identifier: Apache-2.0
#include "agent/gateway/channel.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstring>
#include <string>
#include <utility>

#include "agent/gateway/documents.h"
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
  const auto received = ends.gateway.ReceiveDocuments();
  ASSERT_TRUE(received && *received);
  EXPECT_EQ(Documents::Open(**received).value()->Find("/metrics")->plain, MetricsText());
}

TEST(Channel, StateArrivesWhole) {
  Ends ends = MakeEnds();
  GatewayState state{.listening = true, .received = 9};
  state.requests[1][2] = 34;
  EXPECT_EQ(ends.gateway.SendState(state), Sent::kSent);
  const auto received = ends.inspector.ReceiveState();
  ASSERT_TRUE(received && *received);
  EXPECT_TRUE((*received)->listening);
  EXPECT_EQ((*received)->received, 9);
  EXPECT_EQ((*received)->requests, state.requests);
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

}  // namespace
}  // namespace hullmark
