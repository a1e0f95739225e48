// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon/gateway_process.h"

#include <gtest/gtest.h>

#include <chrono>

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

}  // namespace
}  // namespace hullmark
