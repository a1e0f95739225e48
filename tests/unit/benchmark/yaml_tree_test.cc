// SPDX-License-Identifier: Apache-2.0
#include "agent/benchmark/yaml_tree.h"

#include <gtest/gtest.h>

#include <chrono>
#include <expected>
#include <string>
#include <string_view>

namespace hullmark {
namespace {

std::string ProblemOf(std::string_view text) {
  const std::expected<YamlNode, YamlProblem> root = ParseYaml(text);
  return root ? "" : std::to_string(root.error().line) + ": " + root.error().what;
}

std::string Repeat(std::string_view part, int times) {
  std::string text;
  for (int i = 0; i < times; ++i) text += part;
  return text;
}

TEST(ParseYaml, KeepsOrderKindsAndLines) {
  const std::expected<YamlNode, YamlProblem> root = ParseYaml("a: 1\nb:\n  - x\n  - 'y'\nc:\n");
  ASSERT_TRUE(root) << root.error().what;
  EXPECT_EQ(root->kind, YamlKind::kMapping);
  ASSERT_EQ(root->children.size(), 3U);
  const YamlNode& list = root->children[1];
  EXPECT_EQ(list.key, "b");
  EXPECT_EQ(list.line, 2);
  EXPECT_EQ(list.kind, YamlKind::kSequence);
  ASSERT_EQ(list.children.size(), 2U);
  EXPECT_EQ(list.children[0].kind, YamlKind::kPlain);
  EXPECT_EQ(list.children[1].kind, YamlKind::kQuoted);
  EXPECT_EQ(list.children[1].text, "y");
  EXPECT_EQ(list.children[1].line, 4);
  EXPECT_EQ(root->children[2].kind, YamlKind::kNull);
  EXPECT_EQ(root->children[2].line, 5);
}

TEST(ParseYaml, RefusesWhatNeedsMoreThanItsText) {
  EXPECT_EQ(ProblemOf("a: &x 1\n"), "1: anchors are not allowed");
  EXPECT_EQ(ProblemOf("a:\n  - &x [1]\n"), "2: anchors are not allowed");
  EXPECT_EQ(ProblemOf("a: *x\n"), "1: the referenced anchor is not defined");
  EXPECT_EQ(ProblemOf("a: !!int 1\n"), "1: tags are not allowed");
  EXPECT_EQ(ProblemOf("a: !mine {b: 1}\n"), "1: tags are not allowed");
  EXPECT_EQ(ProblemOf("a: 1\n---\nb: 1\n"), "2: a second document");
  EXPECT_EQ(ProblemOf("a: 1\n...\n--- b\n"), "3: a second document");
}

TEST(ParseYaml, RefusesKeysThatAreNoWords) {
  EXPECT_EQ(ProblemOf("a: 1\nb: 2\na: 3\n"), "3: key 'a' repeated");
  EXPECT_EQ(ProblemOf("{a: 1, \"a\": 2}"), "1: key 'a' repeated");
  EXPECT_EQ(ProblemOf("? [a]\n: 1\n"), "1: a key must be a word");
  EXPECT_EQ(ProblemOf("? {a: b}\n: 1\n"), "1: a key must be a word");
  EXPECT_EQ(ProblemOf("a: 1\n~: 1\n"), "2: a key must be a word");
}

TEST(ParseYaml, RefusesBytesThatAreNoText) {
  EXPECT_EQ(ProblemOf("a: 1\nb: \xff\n"), "2: not UTF-8");
  EXPECT_EQ(ProblemOf("a: \xc0\xaf\n"), "1: not UTF-8");
  EXPECT_EQ(ProblemOf("a: \xed\xa0\x80\n"), "1: not UTF-8");
  EXPECT_EQ(ProblemOf("a: \xf4\x90\x80\x80\n"), "1: not UTF-8");
  EXPECT_EQ(ProblemOf("a: \xe2\x82"), "1: not UTF-8");
  EXPECT_EQ(ProblemOf(std::string_view("a\0\0\0", 4)), "1: control character");
  EXPECT_EQ(ProblemOf("a: \x1b[31m\n"), "1: control character");
  EXPECT_EQ(ProblemOf("a: \"\\e[31m\"\n"), "1: control character");
  EXPECT_EQ(ProblemOf("a: \xc3\xa9\r\nb: \xf0\x9f\x9a\xa2\r\n"), "");
}

TEST(ParseYaml, RefusesNothingAtAll) {
  EXPECT_EQ(ProblemOf(""), "1: empty");
  EXPECT_EQ(ProblemOf("# a comment\n"), "1: empty");
}

TEST(ParseYaml, IsBounded) {
  EXPECT_EQ(ProblemOf("a: " + Repeat("[", 31) + Repeat("]", 31)), "");
  EXPECT_EQ(ProblemOf("a: " + Repeat("[", 32) + Repeat("]", 32)),
            "1: nested deeper than 32 levels");
  EXPECT_EQ(ProblemOf(Repeat("- ", 100000)), "1: nested deeper than 32 levels");
  EXPECT_EQ(ProblemOf("#" + std::string(1 << 20, 'x')), "1: larger than 1 MiB");
}

TEST(ParseYaml, RefusesABillionLaughsAtOnce) {
  std::string text = "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n";
  for (int level = 1; level < 10; ++level) {
    const std::string alias = "*a" + std::to_string(level - 1);
    text += "a" + std::to_string(level) + ": &a" + std::to_string(level) + " [" + alias +
            Repeat(", " + alias, 8) + "]\n";
  }
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(ProblemOf(text), "1: anchors are not allowed");
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(100));
}

}  // namespace
}  // namespace hullmark
