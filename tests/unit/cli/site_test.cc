// SPDX-License-Identifier: Apache-2.0
#include "agent/cli/site.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "agent/cli/command.h"
#include "agent/config/config.h"
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

}  // namespace
}  // namespace hullmark
