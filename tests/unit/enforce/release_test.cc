// SPDX-License-Identifier: Apache-2.0
#include "agent/enforce/release.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <string>
#include <utility>

#include "agent/base/file.h"
#include "agent/enforce/limit_change.h"
#include "hullmark/result.h"
#include "tests/unit/temp_tree.h"

namespace hullmark {
namespace {

class ReleaseTest : public testing::Test {
 protected:
  ReleaseTest() {
    std::array<int, 2> ends = {};
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) abort();
    ours_ = Fd(ends[0]);
    theirs_ = Fd(ends[1]);
    tree_.Write("a", "changed");
    tree_.Write("b", "changed");
  }

  Fd Open(const char* name) const { return Fd(open(tree_.Path(name).c_str(), O_RDWR)); }
  static LimitChange Of(const std::string& former, const std::string& value = "changed") {
    return {.file = "pids.max", .former = former, .value = value};
  }

  TempTree tree_;
  Fd ours_, theirs_;
};

TEST_F(ReleaseTest, WhatIsHeldIsRestoredWhenTheChannelCloses) {
  ASSERT_TRUE(SendHold(ours_, 1, Open("a"), Of("former1")));
  ASSERT_TRUE(SendHold(ours_, 2, Open("b"), Of("former2")));
  SendLetGo(ours_, 2);
  EXPECT_EQ(tree_.Text("a"), "changed");
  ours_ = Fd();
  EXPECT_EQ(HoldUntilClosed(theirs_), 1);
  EXPECT_EQ(tree_.Text("a"), "former1");
  EXPECT_EQ(tree_.Text("b"), "changed");
}

TEST_F(ReleaseTest, TheNewestIsRestoredFirst) {
  ASSERT_TRUE(SendHold(ours_, 1, Open("a"), Of("first00", "second0")));
  ASSERT_TRUE(SendHold(ours_, 2, Open("a"), Of("second0")));
  ours_ = Fd();
  EXPECT_EQ(HoldUntilClosed(theirs_), 2);
  EXPECT_EQ(tree_.Text("a"), "first00");
}

TEST_F(ReleaseTest, WhatSomebodyElseHasSetSinceStays) {
  ASSERT_TRUE(SendHold(ours_, 1, Open("a"), Of("former1")));
  ASSERT_TRUE(SendHold(ours_, 2, Open("b"), Of("former2")));
  tree_.Write("a", "another");
  ours_ = Fd();
  EXPECT_EQ(HoldUntilClosed(theirs_), 1);
  EXPECT_EQ(tree_.Text("a"), "another");
  EXPECT_EQ(tree_.Text("b"), "former2");
}

TEST_F(ReleaseTest, ALineOfADeviceIsRestored) {
  tree_.Write("a", "8:0 rbps=1 wbps=2 riops=max wiops=max\n");
  ASSERT_TRUE(SendHold(ours_, 1, Open("a"),
                       {.file = "io.max",
                        .device = "8:0",
                        .former = "rbps=max wbps=max",
                        .value = "rbps=1 wbps=2"}));
  ours_ = Fd();
  EXPECT_EQ(HoldUntilClosed(theirs_), 1);
  EXPECT_TRUE(tree_.Text("a").starts_with("8:0 rbps=max wbps=max"));
}

TEST_F(ReleaseTest, ADescriptorThatIsLostLetsNothingGo) {
  ASSERT_TRUE(SendHold(ours_, 1, Open("a"), Of("former1")));
  ASSERT_TRUE(SendHold(ours_, 1, Open("b"), Of("former2")));
  ours_ = Fd();
  // One descriptor is to be had: the lowest that is free.
  const int lowest = dup(theirs_.get());
  close(lowest);
  rlimit before = {};
  getrlimit(RLIMIT_NOFILE, &before);
  const rlimit one = {.rlim_cur = static_cast<rlim_t>(lowest) + 1, .rlim_max = before.rlim_max};
  setrlimit(RLIMIT_NOFILE, &one);
  const int restored = HoldUntilClosed(theirs_);
  setrlimit(RLIMIT_NOFILE, &before);
  EXPECT_EQ(restored, 1);
  EXPECT_EQ(tree_.Text("a"), "former1");
  EXPECT_EQ(tree_.Text("b"), "changed");
}

TEST_F(ReleaseTest, AKilledAgentIsAClosedChannel) {
  const pid_t agent = fork();
  if (agent == 0) {
    static_cast<void>(SendHold(ours_, 1, Open("a"), Of("former1")));
    kill(getpid(), SIGKILL);
  }
  ours_ = Fd();
  EXPECT_EQ(HoldUntilClosed(theirs_), 1);
  EXPECT_EQ(tree_.Text("a"), "former1");
  waitpid(agent, nullptr, 0);
}

TEST_F(ReleaseTest, NobodyIsAnError) {
  theirs_ = Fd();
  EXPECT_FALSE(SendHold(ours_, 1, Open("a"), Of("former1")));
  EXPECT_FALSE(SendHold(ours_, 1, Open("a"), Of(std::string(1000, 'x'))));
}

}  // namespace
}  // namespace hullmark
