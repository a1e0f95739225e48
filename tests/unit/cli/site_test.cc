// SPDX-License-Identifier: Apache-2.0
#include "agent/cli/site.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "agent/cli/command.h"
#include "agent/config/config.h"
#include "hullmark/glob.h"
#include "hullmark/result.h"
#include "tests/unit/temp_tree.h"

namespace hullmark {
namespace {

class SiteTest : public testing::Test {
 protected:
  Result<GlobalOptions> Applied() const { return ApplyConfig(tree_.Path("hullmark.yaml"), typed_); }

  TempTree tree_;
  GlobalOptions typed_ = {
      .benchmark = "typed.yaml",
      .given = [](const char* option) { return std::string_view(option) == "--benchmark"; },
      .roots = {}};
};

TEST_F(SiteTest, AConfigurationThatIsRemovedLeavesNothingBehind) {
  tree_.Write("hullmark.yaml", "benchmark: /b.yaml\nwaivers: [/w.yaml]\noverrides: /o.yaml\n");
  const auto before = Applied();
  ASSERT_TRUE(before) << before.error().message;
  EXPECT_EQ(before->benchmark, "typed.yaml") << "what was typed comes first";
  EXPECT_EQ(before->overrides, "/o.yaml");
  EXPECT_EQ(before->waivers, std::vector<std::string>{"/w.yaml"});
  tree_.Remove("hullmark.yaml");
  const auto after = Applied();
  ASSERT_TRUE(after) << after.error().message;
  EXPECT_EQ(after->config, "");
  EXPECT_EQ(after->overrides, "");
  EXPECT_TRUE(after->waivers.empty());
  EXPECT_EQ(after->site, Config{});
}

TEST_F(SiteTest, WhatWasTypedComesFirstAndTheRestIsTheConfigurations) {
  tree_.Write("named.yaml", "benchmark: /b.yaml\nroots: {proc: /p, sys: /s, cgroup: /c}\n");
  tree_.Write("hullmark.yaml", "overrides: /not-this.yaml\n");
  typed_.config = tree_.Path("named.yaml");
  typed_.roots.sys = "/typed";
  typed_.given = [](const char* option) {
    const std::string_view name = option;
    return name == "--config" || name == "--sys-root";
  };
  const auto applied = Applied();
  ASSERT_TRUE(applied) << applied.error().message;
  EXPECT_EQ(applied->benchmark, "/b.yaml");
  EXPECT_EQ(applied->overrides, "") << "of the configuration that was named, and no other";
  EXPECT_EQ(applied->roots.proc, "/p");
  EXPECT_EQ(applied->roots.cgroup, "/c");
  EXPECT_EQ(applied->roots.sys, "/typed");
}

TEST_F(SiteTest, AConfigurationThatIsNamedHasToBeThere) {
  typed_.config = tree_.Path("absent.yaml");
  typed_.given = [](const char* option) { return std::string_view(option) == "--config"; };
  const auto absent = Applied();
  ASSERT_FALSE(absent);
  EXPECT_TRUE(absent.error().message.starts_with(typed_.config)) << absent.error().message;
  tree_.Write("absent.yaml", "listen: [\n");
  const auto broken = Applied();
  ASSERT_FALSE(broken);
  EXPECT_TRUE(broken.error().message.starts_with(typed_.config + ":")) << broken.error().message;
}

TEST_F(SiteTest, WaiversOfAllFilesInTheirOrder) {
  const auto waiver = [](const char* control) {
    return std::string("waivers: [{control: ") + control +
           ", select: {}, reason: r, owner: o, expires: 2027-01-01}]";
  };
  tree_.Write("b.yaml", waiver("CAP-001"));
  tree_.Write("a.yaml", waiver("CAP-002"));
  GlobalOptions global;
  EXPECT_TRUE(LoadChosenWaivers(global)->empty());
  global.waivers = {tree_.Path("b.yaml"), tree_.Path("a.yaml")};
  const auto waivers = LoadChosenWaivers(global);
  ASSERT_TRUE(waivers) << waivers.error().message;
  ASSERT_EQ(waivers->size(), 2U);
  EXPECT_EQ(waivers->at(0).source, tree_.Path("b.yaml") + ":1");
  EXPECT_EQ(waivers->at(1).control.pattern(), "CAP-002");
  tree_.Write("b.yaml", "waivers: 1");
  const auto broken = LoadChosenWaivers(global);
  ASSERT_FALSE(broken) << "all or nothing";
  EXPECT_TRUE(broken.error().message.starts_with(tree_.Path("b.yaml")));
}

}  // namespace
}  // namespace hullmark
