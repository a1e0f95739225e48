// SPDX-License-Identifier: Apache-2.0
#include "agent/parse/limit_files.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "hullmark/limits.h"
#include "hullmark/result.h"

namespace hullmark {
namespace {

constexpr auto kMalformed = Missing(ErrorCode::kMalformed);

// A limit that was read, as a fact: to compare with a Limit itself is ambiguous.
Fact<Limit> Known(Limit limit) { return limit; }

TEST(LimitFiles, MemoryV1) {
  EXPECT_EQ(ParseMemoryV1("33554432\n"), Known(33554432));
  EXPECT_EQ(ParseMemoryV1("0"), Known(0));
  EXPECT_EQ(ParseMemoryV1("9223372036854771712\n"), Known(std::nullopt));  // 4 KiB pages.
  EXPECT_EQ(ParseMemoryV1("9223372036854710272\n"), Known(std::nullopt));  // 64 KiB pages.
  EXPECT_EQ(ParseMemoryV1("9223372036854710271"), Known(9223372036854710271U));
  EXPECT_EQ(ParseMemoryV1("18446744073709551615"), Known(std::nullopt));
  for (const std::string_view bad :
       {"", "\n", "max", "-1", "1 ", "1\n\n", "18446744073709551616"}) {
    EXPECT_EQ(ParseMemoryV1(bad), kMalformed) << bad;
  }
}

TEST(LimitFiles, MaxOrNumber) {
  EXPECT_EQ(ParseMaxOrNumber("max\n"), Known(std::nullopt));
  EXPECT_EQ(ParseMaxOrNumber("64\n"), Known(64));
  for (const std::string_view bad : {"", "max max", "maximum", "-1", "MAX", "0x40"}) {
    EXPECT_EQ(ParseMaxOrNumber(bad), kMalformed) << bad;
  }
}

TEST(LimitFiles, CpuMax) {
  EXPECT_EQ(ParseCpuMax("max 100000\n"), (CpuQuota{.quota = std::nullopt, .period = 100000}));
  EXPECT_EQ(ParseCpuMax("50000 200000\n"), (CpuQuota{.quota = 50000, .period = 200000}));
  for (const std::string_view bad : {"", "max", "50000", "50000 ", "50000 max", "1 0", "1 2 3"}) {
    EXPECT_EQ(ParseCpuMax(bad), kMalformed) << bad;
  }
}

TEST(LimitFiles, CfsQuota) {
  EXPECT_EQ(ParseCfsQuota("-1\n", "100000\n"), (CpuQuota{.quota = std::nullopt, .period = 100000}));
  EXPECT_EQ(ParseCfsQuota("50000\n", "100000\n"), (CpuQuota{.quota = 50000, .period = 100000}));
  EXPECT_EQ(ParseCfsQuota("-2", "100000"), kMalformed);
  EXPECT_EQ(ParseCfsQuota("", "100000"), kMalformed);
  EXPECT_EQ(ParseCfsQuota("1", ""), kMalformed);
  EXPECT_EQ(ParseCfsQuota("1", "0"), kMalformed);
}

TEST(LimitFiles, Weights) {
  EXPECT_EQ(ParseNumber("1024\n"), 1024U);
  EXPECT_EQ(ParseNumber("max"), kMalformed);
  EXPECT_EQ(ParseIoWeight("default 100\n8:0 200\n"), 100U);
  EXPECT_EQ(ParseIoWeight("500\n"), 500U);
  EXPECT_EQ(ParseIoWeight("8:0 200\n"), kMalformed);
  EXPECT_EQ(ParseIoWeight("default\n"), kMalformed);
  EXPECT_EQ(ParseIoWeight(""), kMalformed);
}

TEST(LimitFiles, IoMax) {
  const std::vector<IoLimit> expected = {
      {.device = {.major = 8, .minor = 0}, .read_bytes = 1048576, .write_operations = 120},
      {.device = {.major = 259, .minor = 3}, .write_bytes = 1, .read_operations = 0}};
  EXPECT_EQ(ParseIoMax("8:0 rbps=1048576 wbps=max riops=max wiops=120\n"
                       "259:3 riops=0 new=7 wbps=1 rbps=max wiops=max\n"),
            expected);
  EXPECT_TRUE(ParseIoMax("")->empty());
  for (const std::string_view bad :
       {"8:0\n", "8:0 rbps=1 wbps=1 riops=1\n", "8:0 rbps=1 wbps=1 riops=1 wiops=\n",
        "8:0 rbps=1 rbps=1 wbps=1 riops=1 wiops=1\n", "8 rbps=1 wbps=1 riops=1 wiops=1\n",
        "sda rbps=1 wbps=1 riops=1 wiops=1\n", "8:0 rbps=-1 wbps=1 riops=1 wiops=1\n", "\n"}) {
    EXPECT_EQ(ParseIoMax(bad), kMalformed) << bad;
  }
}

TEST(LimitFiles, Throttle) {
  EXPECT_EQ(ParseThrottle("8:0 1048576\n254:0 9\n"),
            (std::vector<DeviceThrottle>{{.device = {.major = 8, .minor = 0}, .value = 1048576},
                                         {.device = {.major = 254, .minor = 0}, .value = 9}}));
  EXPECT_TRUE(ParseThrottle("")->empty());
  for (const std::string_view bad : {"8:0\n", "8:0 \n", "8: 1\n", "1\n", "8:0 max\n", "\n"}) {
    EXPECT_EQ(ParseThrottle(bad), kMalformed) << bad;
  }
}

TEST(LimitFiles, OomControl) {
  EXPECT_EQ(ParseOomKillDisabled("oom_kill_disable 1\nunder_oom 0\noom_kill 0\n"), true);
  EXPECT_EQ(ParseOomKillDisabled("under_oom 1\noom_kill_disable 0\n"), false);
  EXPECT_EQ(ParseOomKillDisabled("oom_kill_disable 2\n"), kMalformed);
  EXPECT_EQ(ParseOomKillDisabled("under_oom 0\n"), kMalformed);
  EXPECT_EQ(ParseOomKillDisabled(""), kMalformed);
}

TEST(LimitFiles, Switches) {
  EXPECT_EQ(ParseZeroOrOne("1\n"), true);
  EXPECT_EQ(ParseZeroOrOne("0"), false);
  for (const std::string_view bad : {"", "2\n", "10\n", "1 \n"}) {
    EXPECT_EQ(ParseZeroOrOne(bad), kMalformed) << bad;
  }
}

TEST(LimitFiles, CpuLists) {
  EXPECT_EQ(ParseCpuList("0-2,4,7-7\n"), (std::vector<std::uint32_t>{0, 1, 2, 4, 7}));
  EXPECT_TRUE(ParseCpuList("\n")->empty());
  EXPECT_EQ(ParseCpuList("0-8191")->size(), 8192U);
  for (const std::string_view bad : {"0-8192", "1-0", "-1", "1-", ",", "0,", "0,,1", "0,0", "2,1",
                                     "0-3,2", "a", "0-1-2", "0 1", "0-4294967296"}) {
    EXPECT_EQ(ParseCpuList(bad), kMalformed) << bad;
  }
}

}  // namespace
}  // namespace hullmark
