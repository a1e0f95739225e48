// SPDX-License-Identifier: Apache-2.0
#include "agent/parse/proc_cgroup.h"

#include <gtest/gtest.h>

#include <optional>
#include <string_view>

#include "hullmark/result.h"

namespace hullmark {
namespace {

TEST(ProcCgroup, ReadsAHybridHost) {
  const auto lines = ParseProcCgroup(
      "9:name=systemd:/zoo\n"
      "1:cpu,cpuacct:/docker/4f\n"
      "0::/system.slice/docker:x:y.scope (deleted)\n");
  ASSERT_TRUE(lines);
  ASSERT_EQ(lines->size(), 3U);
  EXPECT_EQ(lines->at(0).hierarchy, 9U);
  EXPECT_EQ(lines->at(0).controllers, "name=systemd");
  EXPECT_EQ(lines->at(1).controllers, "cpu,cpuacct");
  EXPECT_EQ(lines->at(1).path, "/docker/4f");
  EXPECT_EQ(lines->at(2).hierarchy, 0U);
  EXPECT_EQ(lines->at(2).controllers, "");
  EXPECT_EQ(lines->at(2).path, "/system.slice/docker:x:y.scope (deleted)");
  EXPECT_FALSE(lines->at(2).outside_view);
}

TEST(ProcCgroup, TellsPathsOutsideTheReadersView) {
  const auto lines = ParseProcCgroup("0::/..\n1:cpu:/../../x\n2:pids:/..x\n3:blkio:/a/..\n");
  ASSERT_TRUE(lines);
  EXPECT_TRUE(lines->at(0).outside_view);
  EXPECT_TRUE(lines->at(1).outside_view);
  EXPECT_FALSE(lines->at(2).outside_view);
  EXPECT_FALSE(lines->at(3).outside_view);
}

TEST(ProcCgroup, RefusesEveryOtherForm) {
  EXPECT_TRUE(ParseProcCgroup("")->empty());
  for (const std::string_view bad : {"\n", "0::/x", "0::x\n", "0::\n", "0:/x\n", "x::/x\n",
                                     "-1::/x\n", "0:cpu:/x\n", "1::/x\n", "0::/\nx"}) {
    EXPECT_EQ(ParseProcCgroup(bad).has_value(), false) << bad;
  }
}

TEST(ProcCgroup, OffersThePathOfADeletedDirectory) {
  EXPECT_EQ(WithoutDeletedSuffix("/a (deleted)"), "/a");
  EXPECT_EQ(WithoutDeletedSuffix("/a (deleted) (deleted)"), "/a (deleted)");
  EXPECT_EQ(WithoutDeletedSuffix("/a(deleted)"), std::nullopt);
  EXPECT_EQ(WithoutDeletedSuffix(""), std::nullopt);
}

}  // namespace
}  // namespace hullmark
