// SPDX-License-Identifier: Apache-2.0
#include "agent/encode/text.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace hullmark {
namespace {

using namespace std::string_view_literals;

TEST(Utf8LengthTest, TakesWellFormedSequencesOnly) {
  const std::pair<std::string_view, std::size_t> cases[] = {
      {"", 0},
      {"a", 1},
      {"\0"sv, 1},
      {"\x7f", 1},
      {"\xc2\x80", 2},
      {"\xdf\xbf", 2},
      {"\xe0\xa0\x80", 3},
      {"\xef\xbf\xbf", 3},
      {"\xf0\x90\x80\x80", 4},
      {"\xf4\x8f\xbf\xbf", 4},
      {"\xc3\xa9 and more", 2},
      {"\x80", 0},      // A continuation.
      {"\xc0\x80", 0},  // Overlong, in 2, 3 and 4 bytes.
      {"\xc1\xbf", 0},
      {"\xe0\x9f\xbf", 0},
      {"\xf0\x8f\xbf\xbf", 0},
      {"\xed\xa0\x80", 0},  // Surrogates.
      {"\xed\xbf\xbf", 0},
      {"\xf4\x90\x80\x80", 0},  // Above U+10FFFF.
      {"\xf5\x80\x80\x80", 0},
      {"\xff", 0},
      {"\xc3", 0},  // Cut off.
      {"\xe2\x82", 0},
      {"\xf0\x9f\x98", 0},
      {"\xc3\x28", 0},  // Not continued.
      {"\xe2\x28\xa1", 0},
      {"\xe2\x82\x28", 0}};
  for (const auto& [text, length] : cases)
    EXPECT_EQ(Utf8Length(text), length) << testing::PrintToString(text);
}

TEST(PrintableTest, WhatPeopleWriteStays) {
  for (const char* const text : {"", "plain", "a\\b", "h\xc3\xa9", "\xe6\xbc\xa2\xe5\xad\x97",
                                 "\xf0\x9f\x90\xb3", "\"quoted\""}) {
    EXPECT_EQ(Printable(text), text);
  }
}

TEST(PrintableTest, WhatATerminalObeysIsWrittenByItsBytes) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"a\nb", "a\\x0ab"},
      {"\x1b[31m", "\\x1b[31m"},
      {"\0"sv, R"(\x00)"},
      {"\x7f", R"(\x7f)"},
      {"\xc2\x9b", R"(\xc2\x9b)"},                  // C1: CSI.
      {"\xe2\x80\xae", R"(\xe2\x80\xae)"},          // Right-to-left override.
      {"\xe2\x81\xa6", R"(\xe2\x81\xa6)"},          // An isolate.
      {"\xe2\x80\x8b", R"(\xe2\x80\x8b)"},          // Zero width space.
      {"\xe2\x80\xa8", R"(\xe2\x80\xa8)"},          // Line separator.
      {"\xef\xbb\xbf", R"(\xef\xbb\xbf)"},          // Byte order mark.
      {"\xf3\xa0\x80\x81", R"(\xf3\xa0\x80\x81)"},  // A tag.
      {"\xff"
       "a",
       R"(\xffa)"}};
  for (const auto& [text, expected] : cases) EXPECT_EQ(Printable(text), expected);
}

TEST(PrintableShortTest, CutsAtACharacter) {
  EXPECT_EQ(PrintableShort("abcdef", 6), "abcdef");
  EXPECT_EQ(PrintableShort("abcdefg", 6), "abc...");
  EXPECT_EQ(PrintableShort("ab\xc3\xa9\xc3\xa9\xc3\xa9", 6), "ab...") << "not half of a letter";
  EXPECT_EQ(PrintableShort("\n\n\n", 6), "\\x0...") << "escapes count as they are written";
  EXPECT_EQ(PrintableShort("", 0), "");
}

TEST(ColumnsTest, WideLettersCountTwice) {
  EXPECT_EQ(Columns(""), 0U);
  EXPECT_EQ(Columns("abc"), 3U);
  EXPECT_EQ(Columns("h\xc3\xa9"), 2U);
  EXPECT_EQ(Columns("\xe6\xbc\xa2\xe5\xad\x97"), 4U);
  EXPECT_EQ(Columns("\xf0\x9f\x90\xb3"), 2U);
}

RC_GTEST_PROP(PrintableProperty, IsValidAndSafeAndStays, (const std::string& text)) {
  const std::string printable = Printable(text);
  for (std::string_view rest = printable; !rest.empty();) {
    const auto length = Utf8Length(rest);
    RC_ASSERT(length > 0U);
    RC_ASSERT(!IsUnsafe(DecodeUtf8(rest.substr(0, length))));
    rest.remove_prefix(length);
  }
  RC_ASSERT(Printable(printable) == printable);
}

RC_GTEST_PROP(PrintableProperty, ShortIsShortAndABeginning, (const std::string& text)) {
  const auto most = *rc::gen::inRange<std::size_t>(3, 40);
  const std::string cut = PrintableShort(text, most);
  RC_ASSERT(cut.size() <= most);
  const std::string whole = Printable(text);
  RC_ASSERT(cut == whole ||
            (cut.ends_with("...") && whole.starts_with(cut.substr(0, cut.size() - 3))));
}

}  // namespace
}  // namespace hullmark
