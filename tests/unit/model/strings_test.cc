// SPDX-License-Identifier: Apache-2.0
#include "hullmark/strings.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hullmark/ids.h"

namespace hullmark {
namespace {

using namespace std::string_view_literals;

TEST(StringTableTest, IdZeroIsTheEmptyText) {
  StringTable strings;
  EXPECT_EQ(strings.size(), 1U);
  EXPECT_EQ(strings[StringId{}], "");
  EXPECT_EQ(strings.Intern(""), StringId{0});
  EXPECT_EQ(strings.size(), 1U);
}

TEST(StringTableTest, IdsAreDenseInOrderOfFirstUse) {
  StringTable strings;
  EXPECT_EQ(strings.Intern("b"), StringId{1});
  EXPECT_EQ(strings.Intern("a"), StringId{2});
  EXPECT_EQ(strings.Intern("b"), StringId{1});
  EXPECT_EQ(strings.size(), 3U);
}

TEST(StringTableTest, AnyBytesAreAText) {
  StringTable strings;
  const auto with_nul = strings.Intern("a\0b"sv);
  EXPECT_NE(with_nul, strings.Intern("a"));
  EXPECT_EQ(strings[with_nul], "a\0b"sv);
  EXPECT_EQ(strings[strings.Intern("\xff\xfe")], "\xff\xfe");
}

TEST(StringTableTest, ViewsStayValidWhileItGrowsAndMoves) {
  StringTable strings;
  const std::string_view early = strings[strings.Intern("short")];
  for (int i = 0; i < 10'000; ++i) strings.Intern(std::to_string(i));
  StringTable moved(std::move(strings));
  EXPECT_EQ(early, "short");
  EXPECT_EQ(moved.Intern("short"), StringId{1}) << "the index points into the texts";
  EXPECT_EQ(moved.Intern("9999"), StringId{10'001});
  EXPECT_EQ(moved.size(), 10'002U);
}

TEST(StringTableTest, TheTextNeedNotOutliveTheCall) {
  StringTable strings;
  std::string text = "first";
  const auto id = strings.Intern(text);
  text = "other";
  EXPECT_EQ(strings[id], "first");
  EXPECT_EQ(strings.Intern("first"), id);
}

RC_GTEST_PROP(StringTableProperty, IsAMapOfTextsToIdsAndBack,
              (const std::vector<std::string>& texts)) {
  StringTable strings;
  std::map<std::string, StringId> ids = {{"", StringId{0}}};
  for (const auto& text : texts) {
    const auto id = strings.Intern(text);
    RC_ASSERT(ids.emplace(text, id).first->second == id);
  }
  RC_ASSERT(strings.size() == ids.size());
  for (const auto& [text, id] : ids) RC_ASSERT(strings[id] == text);
}

}  // namespace
}  // namespace hullmark
