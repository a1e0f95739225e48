// SPDX-License-Identifier: Apache-2.0
#include "agent/parse/proc_stat.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "hullmark/facts.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"

namespace hullmark {
namespace {

constexpr std::string_view kFields =
    " R 12576 12576 8573 34817 -1 4194304 100 0 0 0 0 0 0 0 20 0 5 0 135744 3133440 390 "
    "18446744073709551615 94060045803520 94060045823401 140723711349184 0 0 0 0 0 0 0 0 0 17 1 0 0 "
    "0 0 0 94060045839408 94060045841024 94060216573952 140723711355534 140723711355548 "
    "140723711355548 140723711356907 0\n";

std::string Stat(std::string_view name) {
  return "12581 (" + std::string(name) + ")" + std::string(kFields);
}

std::string Replaced(std::string_view from, std::string_view to) {
  auto text = Stat("cat");
  return text.replace(text.find(from), from.size(), to);
}

TEST(ProcStat, ReadsItsFields) {
  const auto parsed = ParseProcStat(Stat("cat"));
  ASSERT_TRUE(parsed);
  const ProcStat expected{
      .start = BootTicks{135744}, .parent = 12576, .tty = 34817, .flags = 4194304, .state = 'R'};
  EXPECT_EQ(parsed->facts, expected);
  EXPECT_EQ(parsed->thread_count, 5U);
}

TEST(ProcStat, NamesForgeNothing) {
  const auto plain = ParseProcStat(Stat("cat"));
  ASSERT_TRUE(plain);
  for (const std::string_view name :
       {"", ")", "a) R 1\n(b", "a) Z 1 1 1 0 -1 0 0", "((((", "\xff\n"}) {
    const auto parsed = ParseProcStat(Stat(name));
    ASSERT_TRUE(parsed) << name;
    EXPECT_EQ(parsed->facts, plain->facts) << name;
  }
}

// To readers without ptrace access the kernel shows 1 1 0 0 0 0.
TEST(ProcStat, AHiddenImageIsNone) {
  auto text = Replaced("94060045803520 94060045823401 140723711349184", "1 1 0");
  const std::string_view last = "94060045839408 94060045841024 94060216573952";
  text.replace(text.find(last), last.size(), "0 0 0");
  EXPECT_EQ(ParseProcStat(text)->image, 0U);
}

TEST(ProcStat, AnotherProgramIsAnotherImage) {
  const auto image = ParseProcStat(Stat("cat"))->image;
  EXPECT_EQ(ParseProcStat(Stat("dog"))->image, image);
  for (const std::string_view address : {"94060045803520", "140723711349184", "94060216573952"}) {
    EXPECT_NE(ParseProcStat(Replaced(address, "94060045803521"))->image, image) << address;
  }
  // Where arguments and environment are: a program that sets its title moves them.
  for (const std::string_view address : {"140723711355534", "140723711356907"}) {
    EXPECT_EQ(ParseProcStat(Replaced(address, "140723711350000"))->image, image) << address;
  }
  EXPECT_EQ(ParseProcStat(Replaced(" 20 0 5 0 ", " 21 0 6 0 "))->image, image);
}

TEST(ProcStat, TakesANegativeTerminalNumberAsItsBits) {
  const auto parsed = ParseProcStat(Replaced(" 34817 ", " -2147483648 "));
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->facts.tty, 0x80000000U);
}

TEST(ProcStat, RefusesWhatIsCutOffOrNoNumber) {
  for (const std::string& bad :
       {std::string(), std::string("12581 (cat"), std::string("12581 (cat)\n"),
        Stat("cat").substr(0, Stat("cat").size() - 1), Replaced("135744", "x"),
        Replaced("135744", "-1"), Replaced("12576", ""), Replaced(") R", ")R"),
        Replaced(" R ", " RR "), Replaced(" 4194304 ", " 4294967296 "),
        Replaced("94060045803520", "?"), std::string("1 (a) R 1 1 1 0 -1 0 0 0 0 0 0\n")}) {
    EXPECT_EQ(ParseProcStat(bad), Missing(ErrorCode::kMalformed)) << bad;
  }
}

}  // namespace
}  // namespace hullmark
