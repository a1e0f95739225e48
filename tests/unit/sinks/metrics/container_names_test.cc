// SPDX-License-Identifier: Apache-2.0
#include "agent/sinks/metrics/container_names.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "agent/sinks/metrics/labels.h"
#include "hullmark/snapshot.h"
#include "tests/unit/sinks/world.h"

namespace hullmark {
namespace {

using hullmark::testing::Add;
using hullmark::testing::MakeWorld;
using hullmark::testing::World;

struct Named {
  std::string id, name;
};

World Living(const std::vector<Named>& containers) {
  World world = MakeWorld();
  for (const Named& one : containers) Add(world, {.name = one.name, .id = one.id});
  // Cgroups of their own, whatever their order is.
  for (auto& container : world.snapshot.containers) container.cgroup.reset();
  return world;
}

class ContainerNamesTest : public ::testing::Test {
 protected:
  // The values of label `container`.
  std::vector<std::string> Update(const std::vector<Named>& containers) {
    const World world = Living(containers);
    std::vector<std::string> found;
    for (const auto& labels : names_.Update(world.snapshot, world.report)) {
      const std::string_view begin = "container=\"";
      EXPECT_TRUE(labels.own.starts_with(begin));
      found.emplace_back(
          labels.own.substr(begin.size(), labels.own.find("\",namespace=") - begin.size()));
    }
    return found;
  }

  ContainerNames names_;
};

using Names = std::vector<std::string>;

TEST_F(ContainerNamesTest, TheOlderKeepsThePlainNameForLife) {
  EXPECT_EQ(Update({{"a", "web"}, {"b", "web"}}), (Names{"web", "web #2"}));
  EXPECT_EQ(Update({{"b", "web"}, {"a", "web"}}), (Names{"web #2", "web"})) << "whatever the order";
  EXPECT_EQ(Update({{"c", "web"}, {"a", "web"}, {"b", "web"}}), (Names{"web #3", "web", "web #2"}));
  EXPECT_EQ(Update({{"b", "web"}, {"c", "web"}}), (Names{"web #2", "web #3"}));
  EXPECT_EQ(Update({{"b", "web"}, {"d", "web"}}), (Names{"web #2", "web"}));
}

TEST_F(ContainerNamesTest, ASuccessorGetsTheNameOfTheOneItReplaces) {
  EXPECT_EQ(Update({{"a", "web"}}), Names{"web"});
  EXPECT_EQ(Update({{"b", "web"}}), Names{"web"});
}

TEST_F(ContainerNamesTest, ANameThatLooksLikeANumberedOneIsTakenAsItIs) {
  EXPECT_EQ(Update({{"a", "web #2"}, {"b", "web"}, {"c", "web"}}),
            (Names{"web #2", "web", "web #3"}));
}

TEST_F(ContainerNamesTest, AClaimThatComesLaterRenames) {
  EXPECT_EQ(Update({{"0123456789abcdef", ""}, {"b", "web"}}), (Names{"0123456789ab", "web"}));
  EXPECT_EQ(Update({{"0123456789abcdef", "web"}, {"b", "web"}}), (Names{"web #2", "web"}));
}

TEST_F(ContainerNamesTest, TheSameIdTwiceIsTwoContainers) {
  EXPECT_EQ(Update({{"a", "web"}, {"a", "web"}, {"a", "web"}}), (Names{"web", "web #2", "web #3"}));
  EXPECT_EQ(Update({{"a", "web"}, {"a", "web"}}), (Names{"web", "web #2"}));
  Update({});
  EXPECT_EQ(names_.remembered(), 0U);
}

TEST_F(ContainerNamesTest, LongNamesAreCutAtACharacterAndStillDiffer) {
  const std::string name(127, 'x');
  const Names names = Update({{"a", name + "\u00e4 one"}, {"b", name + "\u00e4 two"}});
  EXPECT_EQ(names[0], name);
  EXPECT_EQ(names[1], std::string(125, 'x') + " #2");
}

TEST_F(ContainerNamesTest, HostileBytesAreEscaped) {
  EXPECT_EQ(Update({{"a", "a\"b\\c\nd\xff"}}), Names{R"(a\"b\\c\\x0ad\\xff)"});
}

TEST_F(ContainerNamesTest, TheIdIsShort) {
  const World world = Living({{std::string(64, 'a'), "web"}});
  const auto labels = names_.Update(world.snapshot, world.report);
  EXPECT_EQ(labels[0].info, "id=\"aaaaaaaaaaaa\",image=\"example/app:1\",class=\"container\"");
}

TEST_F(ContainerNamesTest, ChurnLeavesNothing) {
  constexpr int kTotal = 10'000;
  constexpr int kAtOnce = 50;
  for (int first = 0; first < kTotal; first += kAtOnce) {
    std::vector<Named> living;
    for (int i = first; i < first + kAtOnce; ++i) {
      living.push_back({std::to_string(i), "job-" + std::to_string(i % 7)});
    }
    const Names names = Update(living);
    EXPECT_EQ(std::set<std::string>(names.begin(), names.end()).size(), living.size());
    EXPECT_EQ(names_.remembered(), kAtOnce * 2U + 7) << "containers, label sets, plain names";
  }
  Update({});
  EXPECT_EQ(names_.remembered(), 0U);
}

TEST_F(ContainerNamesTest, ThousandsOfNamesakesAreNamedInTime) {
  std::vector<Named> living;
  for (int i = 0; i < 5000; ++i) living.push_back({std::to_string(i), "same"});
  EXPECT_EQ(Update(living).back(), "same #5000");
}

TEST(LabelTextTest, CutsAtACharacter) {
  EXPECT_EQ(LabelText("abc", 3), "abc");
  EXPECT_EQ(LabelText("ab\u00e4", 3), "ab");
  EXPECT_EQ(LabelText("\u00e4b", 3), "\u00e4b");
  EXPECT_EQ(LabelText(std::string(200, 'x')).size(), kMostLabelBytes);
  EXPECT_EQ(LabelText(std::string(126, 'x') + "\xf0\x9f\x9a\xa2"), std::string(126, 'x'));
}

}  // namespace
}  // namespace hullmark
