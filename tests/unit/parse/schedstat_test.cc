// SPDX-License-Identifier: Apache-2.0
#include "agent/parse/schedstat.h"

#include <gtest/gtest.h>

#include "hullmark/result.h"

namespace hullmark {
namespace {

TEST(Schedstat, ReadsRunningTimeAndSlices) {
  const RunCount expected{.nanoseconds = 1909325, .slices = 12};
  EXPECT_EQ(ParseSchedstat("1909325 2450660 12\n"), expected);
}

TEST(Schedstat, RefusesAnythingButThreeNumbers) {
  for (const char* const text : {"", "\n", "1 2\n", "1 2 3 4\n", "1 2 3\n\n", "1 -2 3\n", "1 2 x\n",
                                 "18446744073709551616 0 1\n"}) {
    EXPECT_EQ(ParseSchedstat(text), Missing(ErrorCode::kMalformed)) << text;
  }
}

TEST(Schedstat, TheSameCountsMeanThatNothingRan) {
  EXPECT_TRUE(StoodStill({.nanoseconds = 5, .slices = 2}, {.nanoseconds = 5, .slices = 2}));
  EXPECT_FALSE(StoodStill({.nanoseconds = 5, .slices = 2}, {.nanoseconds = 5, .slices = 3}));
  EXPECT_FALSE(StoodStill({.nanoseconds = 5, .slices = 2}, {.nanoseconds = 6, .slices = 2}));
}

TEST(Schedstat, AKernelThatDoesNotCountProvesNothing) { EXPECT_FALSE(StoodStill({}, {})); }

}  // namespace
}  // namespace hullmark
