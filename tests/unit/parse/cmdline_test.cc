// SPDX-License-Identifier: Apache-2.0
#include "agent/parse/cmdline.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "hullmark/facts.h"
#include "hullmark/strings.h"

namespace hullmark {
namespace {

using namespace std::string_view_literals;

// "program c i operand", a word for each that holds.
std::string Shape(std::string_view cmdline) {
  StringTable strings;
  const auto invocation = ParseInvocation(cmdline, strings);
  if (!invocation) return "none";
  std::string shape(strings[invocation->program]);
  if (invocation->command_option) shape += " c";
  if (invocation->interactive_option) shape += " i";
  if (invocation->operand) shape += " operand";
  return shape;
}

TEST(Cmdline, TakesTheShapeOfAShellsArguments) {
  EXPECT_EQ(Shape("/bin/sh\0"sv), "sh");
  EXPECT_EQ(Shape("-bash\0"sv), "-bash");
  EXPECT_EQ(Shape("sh\0-c\0id\0"sv), "sh c operand");
  EXPECT_EQ(Shape("bash\0-lc\0id\0"sv), "bash c operand");
  EXPECT_EQ(Shape("bash\0-i\0"sv), "bash i");
  EXPECT_EQ(Shape("bash\0/x.sh\0-i\0-c\0"sv), "bash operand");
  EXPECT_EQ(Shape("bash\0--\0x.sh\0"sv), "bash operand");
  EXPECT_EQ(Shape("sh\0-\0-i\0"sv), "sh operand");
  EXPECT_EQ(Shape("bash\0--noprofile\0--norc\0"sv), "bash");
  EXPECT_EQ(Shape("bash\0-o\0vi\0"sv), "bash");
  EXPECT_EQ(Shape("bash\0-euo\0pipefail\0-c\0id\0"sv), "bash c operand");
  EXPECT_EQ(Shape("bash\0--rcfile\0/x\0"sv), "bash");
}

TEST(Cmdline, StandsWhatAProcessMayWrite) {
  EXPECT_EQ(Shape(""), "none");
  EXPECT_EQ(Shape("\0"sv), "");
  EXPECT_EQ(Shape("sh"), "sh");
  EXPECT_EQ(Shape("sh\0\0\0\0"sv), "sh");
  EXPECT_EQ(Shape("sh\0--\0\0"sv), "sh");
  EXPECT_EQ(Shape("sh\0-o"sv), "sh");
  EXPECT_EQ(Shape("/usr/bin/\0"sv), "");
  EXPECT_EQ(Shape("nginx: master process /usr/sbin/nginx\0"sv), "nginx");
  EXPECT_EQ(Shape(std::string(1000, 'x')), std::string(64, 'x'));
}

TEST(Cmdline, SplitsArguments) {
  EXPECT_EQ(SplitArguments("dockerd\0-H\0\0x"sv, 9),
            (std::vector<std::string>{"dockerd", "-H", "", "x"}));
  EXPECT_EQ(SplitArguments("a\0b\0c\0"sv, 2), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(SplitArguments("", 2), std::vector<std::string>{});
}

}  // namespace
}  // namespace hullmark
