// SPDX-License-Identifier: Apache-2.0
#include "agent/encode/json_writer.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "agent/encode/text.h"

namespace hullmark {
namespace {

using namespace std::string_view_literals;

std::string Written(const std::function<void(JsonWriter&)>& write, int indent = 0) {
  std::string text;
  JsonWriter json([&](std::string_view bytes) { text += bytes; }, indent);
  write(json);
  json.Finish();
  return text;
}

std::string StringOf(std::string_view text) {
  return Written([&](JsonWriter& json) { json.String(text); });
}

// The text that a document shows: bytes that are no UTF-8 become "\xHH".
std::string Shown(std::string_view text) {
  std::string shown;
  while (!text.empty()) {
    const auto length = Utf8Length(text);
    if (length > 0) {
      shown += text.substr(0, length);
    } else {
      constexpr std::string_view kHex = "0123456789abcdef";
      const auto byte = static_cast<unsigned char>(text[0]);
      shown += {'\\', 'x', kHex[byte >> 4], kHex[byte & 0xF]};
    }
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return shown;
}

void WriteNested(JsonWriter& json) {
  json.BeginObject().Member("a", std::int32_t{1}).Key("b").BeginArray();
  json.Bool(true).Null().BeginObject().EndObject().BeginArray().EndArray();
  json.EndArray().Member("c", "text").EndObject();
}

TEST(JsonWriterTest, NestsInOrder) {
  EXPECT_EQ(Written(WriteNested), R"({"a":1,"b":[true,null,{},[]],"c":"text"})"
                                  "\n");
  EXPECT_EQ(Written(WriteNested, 1),
            "{\n \"a\": 1,\n \"b\": [\n  true,\n  null,\n  {},\n  []\n ],\n \"c\": \"text\"\n}\n");
}

TEST(JsonWriterTest, NumbersAreExact) {
  EXPECT_EQ(Written([](JsonWriter& json) {
              json.BeginArray()
                  .Integer(std::numeric_limits<std::int64_t>::min())
                  .Unsigned(std::numeric_limits<std::uint64_t>::max())
                  .Integer(0)
                  .Fixed(0.05, 1)
                  .Fixed(99.96, 1)
                  .Fixed(-1.5, 0)
                  .Fixed(2, 4)
                  .EndArray();
            }),
            "[-9223372036854775808,18446744073709551615,0,0.1,100.0,-2,2.0000]\n");
}

TEST(JsonWriterTest, QuotesAreEscaped) {
  EXPECT_EQ(StringOf("a\"b\\c/d"), "\"a\\\"b\\\\c/d\"\n");
  EXPECT_EQ(StringOf(""), "\"\"\n");
  const std::string key =
      Written([](JsonWriter& json) { json.BeginObject().Member("k\"\n", "v").EndObject(); });
  EXPECT_EQ(nlohmann::json::parse(key).at("k\"\n"), "v");
}

TEST(JsonWriterTest, WhatIsNoTextIsShownByItsBytes) {
  EXPECT_EQ(nlohmann::json::parse(StringOf("a\xff\xc3")), "a\\xff\\xc3");
}

// Whoever prints the document to a terminal must not be commanded by it.
TEST(JsonWriterTest, UnsafeCodePointsAreWrittenInAscii) {
  for (const std::string_view text :
       {"\0"sv, "\n"sv, "\x1b[2J"sv, "\x7f"sv, "\xc2\x80"sv, "\xc2\x9b"sv, "\xc2\xad"sv,
        "\xd8\x9c"sv, "\xe2\x80\x8b"sv, "\xe2\x80\x8f"sv, "\xe2\x80\xa8"sv, "\xe2\x80\xae"sv,
        "\xe2\x81\xa9"sv, "\xef\xbb\xbf"sv, "\xf3\xa0\x80\x81"sv}) {
    const std::string written = StringOf(text);
    EXPECT_EQ(nlohmann::json::parse(written), std::string(text)) << written;
    EXPECT_TRUE(std::ranges::all_of(written.substr(0, written.size() - 1), [](char byte) {
      return byte >= 0x20 && byte < 0x7F;
    })) << written;
  }
}

TEST(JsonWriterTest, LettersStayLetters) {
  EXPECT_EQ(StringOf("h\xc3\xa9 \xf0\x9f\x90\xb3"), "\"h\xc3\xa9 \xf0\x9f\x90\xb3\"\n");
}

TEST(JsonWriterTest, WritesInPieces) {
  std::vector<std::size_t> pieces;
  std::size_t all = 0;
  JsonWriter json([&](std::string_view bytes) {
    pieces.push_back(bytes.size());
    all += bytes.size();
  });
  json.BeginArray();
  for (int i = 0; i < 100'000; ++i) json.String("0123456789");
  EXPECT_GT(pieces.size(), 5U) << "before it is finished";
  json.EndArray().Finish();
  EXPECT_EQ(all, 100'000U * 13 + 2);
  EXPECT_LT(std::ranges::max(pieces), std::size_t{80} << 10);
  EXPECT_GT(std::ranges::min(pieces), 0U);
}

RC_GTEST_PROP(JsonWriterProperty, ParsesToTheSameText, (const std::string& text)) {
  const std::string written = StringOf(text);
  RC_ASSERT(nlohmann::json::parse(written) == Shown(text));
}

RC_GTEST_PROP(JsonWriterProperty, ParsesToTheSameTextOfCodePoints, ()) {
  // Every plane, with the unsafe ones often.
  const auto points = *rc::gen::container<std::vector<char32_t>>(rc::gen::oneOf(
      rc::gen::map(rc::gen::inRange<std::uint32_t>(0, 0xD800), [](auto p) { return char32_t{p}; }),
      rc::gen::map(rc::gen::inRange<std::uint32_t>(0xE000, 0x110000),
                   [](auto p) { return char32_t{p}; }),
      rc::gen::element<char32_t>(0x9B, 0x202E, 0x2066, 0xFEFF, 0xE0001, 0x1F433)));
  std::string text;
  for (const char32_t point : points) {
    const auto rest = [&](int shift) { return static_cast<char>(0x80 | (point >> shift & 0x3F)); };
    if (point < 0x80) {
      text += static_cast<char>(point);
    } else if (point < 0x800) {
      text += {static_cast<char>(0xC0 | point >> 6), rest(0)};
    } else if (point < 0x10000) {
      text += {static_cast<char>(0xE0 | point >> 12), rest(6), rest(0)};
    } else {
      text += {static_cast<char>(0xF0 | point >> 18), rest(12), rest(6), rest(0)};
    }
  }
  const std::string written = StringOf(text);
  RC_ASSERT(nlohmann::json::parse(written) == text);
  for (std::string_view left = written; left.size() > 1; left.remove_prefix(Utf8Length(left))) {
    RC_ASSERT(!IsUnsafe(DecodeUtf8(left.substr(0, Utf8Length(left)))));
  }
}

}  // namespace
}  // namespace hullmark
