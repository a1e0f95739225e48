// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon/scan_thread.h"

#include <gtest/gtest.h>
#include <poll.h>

#include <chrono>
#include <future>
#include <string>

namespace hullmark {
namespace {

bool IsReadable(int fd, int milliseconds) {
  pollfd wanted = {.fd = fd, .events = POLLIN, .revents = 0};
  return poll(&wanted, 1, milliseconds) == 1;
}

TEST(ScanThread, TellsTheEndOfItsWorkOnce) {
  ScanThread thread;
  EXPECT_FALSE(thread.TakeDone());
  for (int round = 1; round <= 3; ++round) {
    int result = 0;
    thread.Begin([&] { result = round; });
    ASSERT_TRUE(IsReadable(thread.done_fd(), 60'000));
    EXPECT_TRUE(thread.TakeDone());
    EXPECT_FALSE(thread.TakeDone());
    EXPECT_EQ(result, round);
  }
}

TEST(ScanThread, NobodyWaitsForWhatComesAfterButTheNext) {
  ScanThread thread;
  std::promise<void> release;
  std::string order;
  thread.Begin([&] { order += "a"; },
               [&] {
                 release.get_future().wait();
                 order += "b";
               });
  ASSERT_TRUE(IsReadable(thread.done_fd(), 60'000));
  EXPECT_TRUE(thread.TakeDone());
  EXPECT_FALSE(thread.IsIdle(std::chrono::milliseconds(1)));
  thread.Begin([&] { order += "c"; });
  EXPECT_FALSE(IsReadable(thread.done_fd(), 1));
  release.set_value();
  EXPECT_TRUE(thread.IsIdle(std::chrono::minutes(1)));
  EXPECT_TRUE(thread.TakeDone());
  EXPECT_EQ(order, "abc");
}

TEST(ScanThread, SaysWhetherItIsIdle) {
  ScanThread thread;
  EXPECT_TRUE(thread.IsIdle(std::chrono::milliseconds(0)));
  std::promise<void> release;
  thread.Begin([&] { release.get_future().wait(); });
  EXPECT_FALSE(thread.IsIdle(std::chrono::milliseconds(1)));
  release.set_value();
  EXPECT_TRUE(thread.IsIdle(std::chrono::minutes(1)));
}

}  // namespace
}  // namespace hullmark
