// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon/process_usage.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include "hullmark/ids.h"

namespace hullmark {
namespace {

TEST(ProcessUsage, OfThisProcess) {
  const auto usage = UsageOf(Pid{getpid()});
  ASSERT_TRUE(usage);
  EXPECT_GT(usage->resident_bytes, 0);
  EXPECT_GT(usage->open_fds.value(), 2);
  rlimit limit = {};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
  EXPECT_EQ(usage->max_fds.value(), limit.rlim_cur);
}

TEST(ProcessUsage, OfNone) { EXPECT_FALSE(UsageOf(Pid{-1})); }

}  // namespace
}  // namespace hullmark
