// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon/gateway_process.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <string>
#include <vector>

#include "agent/daemon/clock.h"

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
    return getsockopt(GatewayProcess::kChannelFd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 &&
           type == SOCK_SEQPACKET;
  }

  static std::vector<std::string> ThisTest() {
    const auto* const test = testing::UnitTest::GetInstance()->current_test_info();
    return {"daemon_test",
            std::string("--gtest_filter=") + test->test_suite_name() + "." + test->name()};
  }
};

TEST_F(GatewayProcessTest, NobodyHasToWaitForOneThatDoesNotListen) {
  if (IsGateway()) {
    std::array<char, 1> byte{};
    while (read(GatewayProcess::kChannelFd, byte.data(), byte.size()) > 0) {
    }
    return;
  }
  GatewayProcess gateway(ThisTest());
  int asked = 0;
  EXPECT_FALSE(gateway.Start(Moment{}, [&asked] { return ++asked == 2; }));
  EXPECT_EQ(asked, 2);
  EXPECT_FALSE(gateway.pid());
}

}  // namespace
}  // namespace hullmark
