// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon/gateway_process.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "agent/base/file.h"
#include "agent/daemon/child.h"
#include "agent/daemon/clock.h"
#include "agent/gateway/channel.h"
#include "agent/gateway/documents.h"
#include "agent/gateway/web_settings.h"

namespace hullmark {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(BackOff, GrowsWithEachShortLifeAndForgetsAfterALongOne) {
  BackOff back_off;
  EXPECT_EQ(back_off.AfterLife(seconds(1)), milliseconds(100));
  EXPECT_EQ(back_off.AfterLife(seconds(1)), milliseconds(200));
  EXPECT_EQ(back_off.AfterLife(seconds(1)), milliseconds(400));
  for (int i = 0; i < 20; ++i) back_off.AfterLife(seconds(1));
  EXPECT_EQ(back_off.AfterLife(seconds(1)), seconds(30));
  EXPECT_EQ(back_off.AfterLife(seconds(60)), milliseconds(100));
}

// The gateway is this program again: each test plays both parts, told apart by the channel.
class GatewayProcessTest : public testing::Test {
 protected:
  static bool IsGateway() {
    int type = 0;
    socklen_t size = sizeof type;
    return getsockopt(kChannelFd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_SEQPACKET;
  }

  static std::vector<std::string> ThisTest() {
    const auto* const test = testing::UnitTest::GetInstance()->current_test_info();
    return {"daemon_test",
            std::string("--gtest_filter=") + test->test_suite_name() + "." + test->name()};
  }

  static void WaitFor(int fd) {
    pollfd wanted = {.fd = fd, .events = POLLIN, .revents = 0};
    ASSERT_EQ(poll(&wanted, 1, 60'000), 1);
  }

  // Counts web settings as requests until documents come.
  static void DieOfDocuments() {
    const Channel channel = Channel::Adopt(Fd(kChannelFd)).value();
    GatewayState state{.listening = true};
    while (true) {
      channel.SendState(state);
      WaitFor(channel.fd());
      const auto got = channel.ReceiveDocuments();
      if (!got || (*got && (*got)->what == Sending::kDocuments)) return;
      if (*got) ++state.requests[0][0];
    }
  }

  // Refuses whatever comes, and counts it as requests.
  static void RefuseAll() {
    const Channel channel = Channel::Adopt(Fd(kChannelFd)).value();
    GatewayState state{.listening = true};
    while (true) {
      channel.SendState(state);
      WaitFor(channel.fd());
      const auto documents = channel.ReceiveDocuments();
      if (!documents) return;
      if (!*documents) continue;
      state.received = (*documents)->sequence;
      state.refused = true;
      ++state.requests[0][0];
    }
  }
};

TEST_F(GatewayProcessTest, NobodyHasToWaitForOneThatDoesNotListen) {
  if (IsGateway()) {
    std::array<char, 1> byte{};
    while (read(kChannelFd, byte.data(), byte.size()) > 0) {
    }
    return;
  }
  GatewayProcess gateway(ThisTest());
  int asked = 0;
  EXPECT_FALSE(gateway.Start(Moment{}, [&asked] { return ++asked == 2; }));
  EXPECT_EQ(asked, 2);
  EXPECT_FALSE(gateway.pid());
}

TEST_F(GatewayProcessTest, WebSettingsComeFirstAndAgainToANewOne) {
  if (IsGateway()) return DieOfDocuments();
  GatewayProcess gateway(ThisTest());
  gateway.SetWeb(SealWebSettings({}).value());
  Moment now{seconds(100)};
  ASSERT_TRUE(gateway.Start(now, [] { return false; }));
  DocumentsWriter writer;
  gateway.Publish(writer.Seal({}).value(), 7);
  while (gateway.restarts() < 2 && !HasFailure()) {
    if (gateway.fd() >= 0) WaitFor(gateway.fd());
    gateway.Upkeep(now);
    now += seconds(1);
  }
  EXPECT_EQ(gateway.Requests()[0][0], 2U) << "settings that came before any documents";
}

TEST_F(GatewayProcessTest, WhatItRefusedIsSentAgain) {
  if (IsGateway()) return RefuseAll();
  GatewayProcess gateway(ThisTest());
  Moment now{seconds(100)};
  ASSERT_TRUE(gateway.Start(now, [] { return false; }));
  const auto received = [&] { return gateway.Requests()[0][0]; };
  const auto keep_up_until = [&](std::uint64_t count) {
    while (received() < count && !HasFailure()) {
      WaitFor(gateway.fd());
      gateway.Upkeep(now);
    }
  };
  DocumentsWriter writer;
  gateway.Publish(writer.Seal({}).value(), 7);
  keep_up_until(2);
  now += seconds(1);
  gateway.Upkeep(now);
  keep_up_until(3);
  EXPECT_EQ(received(), 3U);
  EXPECT_EQ(gateway.restarts(), 0U);
}

}  // namespace
}  // namespace hullmark
