// SPDX-License-Identifier: Apache-2.0
#include "agent/sinks/page.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace hullmark {
namespace {

struct Written {
  std::string text;
  Page page;
  explicit Written(bool color = false)
      : page([this](std::string_view bytes) { text += bytes; }, 40, color) {}
};

TEST(Page, WrapsAtBlanksAndIndentsWhatFollows) {
  Written out;
  out.page.Paragraph({.text = "  label", .indent = 10}, "one two three four five six seven eight");
  out.page.Finish();
  EXPECT_EQ(out.text, "  label   one two three four five six\n          seven eight\n");
  EXPECT_EQ(out.page.lines(), 2U);
}

TEST(Page, KeepsALongWordWhole) {
  Written out;
  const std::string path = "/" + std::string(60, 'p');
  out.page.Paragraph({.text = "x", .indent = 4}, "see " + path + " there");
  out.page.Finish();
  EXPECT_EQ(out.text, "x   see\n    " + path + "\n    there\n");
}

TEST(Page, ContinuesAfterALabelThatReachesTheIndent) {
  Written out;
  out.page.Paragraph({.text = "a label", .indent = 4}, "text");
  out.page.Finish();
  EXPECT_EQ(out.text, "a label text\n");
}

TEST(Page, EscapesWhatMovesATerminal) {
  Written out;
  out.page.Heading("\033[2J");
  out.page.Paragraph({.text = "\r", .indent = 4}, "a\nb \x9b");
  out.page.Finish();
  EXPECT_EQ(out.text, "\\x1b[2J\n\\x0da\\x0ab \\x9b\n");
}

TEST(Page, StylesOnlyWhereColorIsAsked) {
  Written plain;
  Written colored(true);
  for (Written* out : {&plain, &colored}) {
    out->page.Paragraph({.text = "F", .indent = 4, .style = Style::kRed}, "bad");
    out->page.Finish();
  }
  EXPECT_EQ(plain.text, "F   bad\n");
  EXPECT_EQ(colored.text, "\033[31mF\033[0m   bad\n");
}

TEST(Page, ProseKeepsTheLinesOfTheBenchmark) {
  Written out;
  out.page.Prose({.text = "  compose", .indent = 10}, "one:\n  two\n");
  out.page.Finish();
  EXPECT_EQ(out.text, "  compose one:\n          two\n");
}

TEST(Page, HandsOnInPiecesAndLosesNothing) {
  Written out;
  for (int i = 0; i < 5000; ++i) out.page.Paragraph({.indent = 8}, "twelve bytes");
  out.page.Finish();
  EXPECT_EQ(out.text.size(), 5000U * 21U);
  EXPECT_EQ(out.page.lines(), 5000U);
}

TEST(Clip, KeepsBothEndsOfALongName) {
  EXPECT_EQ(Clip("short", 10), "short");
  EXPECT_EQ(Clip("a-long-name-12", 11), "a-lo...e-12");
  EXPECT_EQ(Clip("\xe5\xae\xb9\xe5\x99\xa8\xe5\xae\xb9\xe5\x99\xa8", 10),
            "\xe5\xae\xb9...\xe5\x99\xa8");
}

TEST(Cell, IsAsWideAsAsked) {
  EXPECT_EQ(Cell("ab", 4), "ab  ");
  EXPECT_EQ(Cell("\xe5\xae\xb9", 4), "\xe5\xae\xb9  ");  // One character, two columns.
  EXPECT_EQ(Cell("abcdefghij", 7), "ab...ij");
}

}  // namespace
}  // namespace hullmark
