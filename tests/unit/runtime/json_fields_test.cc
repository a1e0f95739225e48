// SPDX-License-Identifier: Apache-2.0
#include "agent/runtime/json_fields.h"

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "hullmark/result.h"

namespace hullmark::runtime {
namespace {

constexpr auto kWanted =
    std::to_array<std::string_view>({"name", "a>b", "*>id", "list>1", "any>*", "deep>x/y"});

TEST(JsonFields, KeepsWhatIsWanted) {
  const auto fields =
      JsonFields::Parse(R"({"name":"n","other":"o","a":{"b":-7,"c":1},"list":[[1,2],"one","two"],)"
                        R"("any":{"k":true,"":"e"},"deep":{"x/y":"z"},"r":{"id":"i"}})",
                        kWanted);
  ASSERT_TRUE(fields);
  EXPECT_EQ(fields->Text("name"), "n");
  EXPECT_EQ(fields->Number("a>b"), -7);
  EXPECT_EQ(fields->Text("list>1"), "one");
  EXPECT_EQ(fields->Flag("any>k"), true);
  EXPECT_EQ(fields->Text("any>"), "e");
  EXPECT_EQ(fields->Text("deep>x/y"), "z");
  EXPECT_EQ(fields->Text("r>id"), "i");
  EXPECT_EQ(fields->values().size(), 7U);
}

TEST(JsonFields, ValuesHaveTypes) {
  const auto fields =
      JsonFields::Parse(R"({"name":12,"a":{"b":"7"},"any":{"x":1.5,"y":null}})", kWanted);
  ASSERT_TRUE(fields);
  EXPECT_FALSE(fields->Text("name"));
  EXPECT_FALSE(fields->Number("a>b"));
  EXPECT_FALSE(fields->Flag("name"));
  EXPECT_EQ(fields->values().size(), 2U);
}

TEST(JsonFields, NumbersThatDoNotFitAreAbsent) {
  const auto fields = JsonFields::Parse(
      R"([{"id":18446744073709551615},{"id":9223372036854775807},{"id":1e999999}])", kWanted);
  EXPECT_FALSE(fields && fields->Number("0>id"));
  const auto most = JsonFields::Parse(R"([{"id":9223372036854775807}])", kWanted);
  ASSERT_TRUE(most);
  EXPECT_EQ(most->Number("0>id"), 9223372036854775807);
}

// A key may look like a place, but is one key.
TEST(JsonFields, AKeyIsNoPath) {
  const auto fields = JsonFields::Parse(R"({"a>b":5})", kWanted);
  ASSERT_TRUE(fields);
  EXPECT_FALSE(fields->Number("a>b"));
}

using Labels = JsonFields::Labels;

Labels LabelsOf(std::string_view text, std::vector<std::string> keys) {
  const auto fields = JsonFields::Parse(text, {}, {.place = "a>labels", .keys = keys});
  EXPECT_TRUE(fields && fields->values().empty()) << text;
  return fields ? fields->labels() : Labels{};
}

TEST(JsonFields, LabelsOfAnObjectAndOfAList) {
  EXPECT_EQ(LabelsOf(R"({"a":{"labels":{"app":"web","no":"x","tier":""}}})", {"app", "tier"}),
            (Labels{{"app", "web"}, {"tier", ""}}));
  EXPECT_EQ(LabelsOf(R"({"a":{"labels":["no=x","app=a=b","tier=","app","=z"]}})", {"app", "tier"}),
            (Labels{{"app", "a=b"}, {"tier", ""}}));
}

// What somebody chose for a key leads nowhere else.
TEST(JsonFields, AKeyOfALabelIsNoPlace) {
  EXPECT_EQ(
      LabelsOf(R"({"a":{"labels":{"*":"one","b>c":"two","b":{"c":"no"},"d":"no"}}})", {"*", "b>c"}),
      (Labels{{"*", "one"}, {"b>c", "two"}}));
}

TEST(JsonFields, LabelsAreTextsAtTheirPlace) {
  for (const char* const text :
       {R"({"a":{"labels":{"app":1}}})", R"({"a":{"labels":{"app":null}}})",
        R"({"a":{"labels":{"app":["web"]}}})", R"({"a":{"labels":{"app":{"app":"web"}}}})",
        R"({"a":{"labels":"app=web"}})", R"({"a":{"labels":[["app=web"]]}})", R"({"app":"web"})",
        R"({"a>labels":{"app":"web"}})", R"({"b":{"labels":{"app":"web"}}})"}) {
    EXPECT_EQ(LabelsOf(text, {"app"}), Labels()) << text;
  }
  EXPECT_EQ(LabelsOf(R"({"a":{"labels":{"app":"web"}}})", {}), Labels());
}

TEST(JsonFields, RefusesWhatIsNotWhole) {
  for (const char* text : {"", " ", "{", R"({"name":)", "[1,]", R"({"name":"\ud800"})", "nul",
                           "{} {}", "\"\xc3\"", "\x01"}) {
    const auto fields = JsonFields::Parse(text, kWanted);
    ASSERT_FALSE(fields) << text;
    EXPECT_EQ(fields.error().code, ErrorCode::kMalformed);
  }
}

TEST(JsonFields, DepthAndSizeAreBounded) {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  EXPECT_TRUE(JsonFields::Parse(nested(JsonFields::kMostDepth), kWanted));
  EXPECT_FALSE(JsonFields::Parse(nested(JsonFields::kMostDepth + 1), kWanted));
  const auto padded = [](std::size_t size) { return "{}" + std::string(size - 2, ' '); };
  EXPECT_TRUE(JsonFields::Parse(padded(JsonFields::kMostBytes), kWanted));
  const auto longer = JsonFields::Parse(padded(JsonFields::kMostBytes + 1), kWanted);
  ASSERT_FALSE(longer);
  EXPECT_EQ(longer.error().code, ErrorCode::kTruncated);
}

}  // namespace
}  // namespace hullmark::runtime
