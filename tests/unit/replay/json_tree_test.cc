// SPDX-License-Identifier: Apache-2.0
#include "agent/replay/json_tree.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "hullmark/result.h"

namespace hullmark {
namespace {

std::string Refusal(std::string_view text) {
  const auto value = ParseJson(text);
  return value ? "accepted" : value.error().message;
}

TEST(ParseJson, KeepsNumbersExactly) {
  const auto value = ParseJson("[18446744073709551615, -9223372036854775808, 0]");
  ASSERT_TRUE(value);
  const auto& items = std::get<JsonValue::Array>(value->value);
  ASSERT_EQ(items.size(), 3U);
  EXPECT_EQ(std::get<std::uint64_t>(items[0].value), UINT64_MAX);
  EXPECT_EQ(std::get<std::int64_t>(items[1].value), INT64_MIN);
  EXPECT_EQ(std::get<std::uint64_t>(items[2].value), 0U);
}

TEST(ParseJson, KeepsMembersInOrder) {
  const auto value = ParseJson(R"({"b": {"x": null}, "a": [true, "\u0000é"]})");
  ASSERT_TRUE(value);
  const auto& members = std::get<JsonValue::Object>(value->value);
  ASSERT_EQ(members.size(), 2U);
  EXPECT_EQ(members[0].name, "b");
  EXPECT_EQ(FindMember(members, "a"), &members[1].value);
  EXPECT_EQ(FindMember(members, "c"), nullptr);
  const auto& list = std::get<JsonValue::Array>(members[1].value.value);
  EXPECT_TRUE(std::get<bool>(list.at(0).value));
  EXPECT_EQ(std::get<std::string>(list.at(1).value), std::string("\0é", 3));
}

TEST(ParseJson, RefusesWhatIsNoJson) {
  EXPECT_EQ(Refusal(""), "byte 1: no JSON from here on");
  EXPECT_EQ(Refusal("{\"a\": 1"), "byte 8: no JSON from here on");
  EXPECT_EQ(Refusal("[1] [2]"), "byte 5: no JSON from here on");
  EXPECT_EQ(Refusal("[\"\xff\"]"), "byte 3: no JSON from here on");
  EXPECT_EQ(Refusal("[NaN]"), "byte 2: no JSON from here on");
}

TEST(ParseJson, RefusesWhatNoSnapshotHas) {
  EXPECT_EQ(Refusal(R"({"a": [1, {"b": 1, "b": 2}]})"), "/a/1/b: stands here twice");
  EXPECT_EQ(Refusal(R"({"a": [1, 2.5]})"), "/a/1: a number that is no 64-bit integer");
  EXPECT_EQ(Refusal("[18446744073709551616]"), "/0: a number that is no 64-bit integer");
  EXPECT_EQ(Refusal("1e3"), "the document: a number that is no 64-bit integer");
}

TEST(ParseJson, BoundsDepthAndWidth) {
  EXPECT_EQ(Refusal(std::string(32, '[') + std::string(32, ']')), "accepted");
  EXPECT_TRUE(Refusal(std::string(1000000, '[')).ends_with("/0/0: nested too deeply"));
  std::string wide = "{";
  for (int i = 0; i < 64; ++i) wide += "\"" + std::to_string(i) + "\": 0,";
  EXPECT_EQ(Refusal(wide + "\"64\": 0}"), "/64: more members than any object of such a document");
  wide.back() = '}';
  EXPECT_EQ(Refusal(wide), "accepted");
}

TEST(ParseJson, NamesOfPlacesAreEscapedAndCut) {
  EXPECT_EQ(PointerStep("a/b~c"), "/a~1b~0c");
  EXPECT_EQ(PointerStep("\x1b[31m"), "/\\x1b[31m");
  EXPECT_LE(PointerStep(std::string(100000, 'x')).size(), 70U);
  EXPECT_EQ(PointerStep(12U), "/12");
}

}  // namespace
}  // namespace hullmark
