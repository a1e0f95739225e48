// SPDX-License-Identifier: Apache-2.0
#include "agent/parse/devices_list.h"

#include <gtest/gtest.h>

#include <string_view>
#include <vector>

#include "hullmark/limits.h"
#include "hullmark/result.h"

namespace hullmark {
namespace {

TEST(DevicesList, ReadsWhatARuntimeWrites) {
  const std::vector<DeviceRule> expected = {
      {.type = 'b', .make = true},
      {.type = 'c', .major = 1, .minor = 3, .read = true, .write = true, .make = true},
      {.type = 'c', .major = 136, .read = true, .write = true}};
  EXPECT_EQ(ParseDevicesList("b *:* m\nc 1:3 rwm\nc 136:* rw\n"), expected);
  EXPECT_EQ(ParseDevicesList("a *:* rwm\n"),
            (std::vector<DeviceRule>{{.type = 'a', .read = true, .write = true, .make = true}}));
  EXPECT_TRUE(ParseDevicesList("")->empty());
}

TEST(DevicesList, RefusesTheWholeListForOneBadLine) {
  for (const std::string_view bad :
       {"c 1:3 rwm", "c 1:3\n", "c 1:3 \n", "\n", "x 1:3 r\n", "cc 1:3 r\n", "c 1 r\n", "c 1:x r\n",
        "c :3 r\n", "c 1:3 rr\n", "c 1:3 rx\n", "c 1:3 r w\n", "c -1:3 r\n"}) {
    EXPECT_EQ(ParseDevicesList(bad), Missing(ErrorCode::kMalformed)) << bad;
  }
}

TEST(DeviceRule, MeansAllAccessWithoutLetters) {
  EXPECT_EQ(
      ParseDeviceRule("c 1:3"),
      (DeviceRule{.type = 'c', .major = 1, .minor = 3, .read = true, .write = true, .make = true}));
  EXPECT_EQ(ParseDeviceRule("b 8:* r"), (DeviceRule{.type = 'b', .major = 8, .read = true}));
  EXPECT_FALSE(ParseDeviceRule("c 1:3 q"));
  EXPECT_FALSE(ParseDeviceRule("c"));
  EXPECT_FALSE(ParseDeviceRule(""));
}

}  // namespace
}  // namespace hullmark
