// SPDX-License-Identifier: Apache-2.0
#include "hullmark/seccomp.h"

#include <gtest/gtest.h>
#include <linux/seccomp.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace hullmark {
namespace {

using Relation = WordTest::Relation;
using Tests = std::vector<WordTest>;

constexpr std::uint32_t kAllow = SECCOMP_RET_ALLOW;
constexpr std::uint32_t kDeny = SECCOMP_RET_ERRNO | 1;

WordTest Low(Relation relation, std::uint32_t value, std::uint32_t mask = ~0U) {
  return {.word = LowWord(0), .relation = relation, .mask = mask, .value = value};
}

TEST(FilterInstruction, IsANumberAsItsBytesAre) {
  const FilterInstruction it = {
      .code = 0x15, .jump_true = 1, .jump_false = 2, .constant = 0xC000003E};
  EXPECT_EQ(ToNumber(it), 0xC000003E'02'01'0015ULL);
  EXPECT_EQ(ToInstruction(ToNumber(it)), it);
}

TEST(FilterAction, IsTheUpperHalfOfAnAnswer) {
  EXPECT_EQ(ActionOf(SECCOMP_RET_ERRNO | 38), FilterAction::kErrno);
  EXPECT_EQ(ActionOf(SECCOMP_RET_KILL_PROCESS), FilterAction::kKillProcess);
  EXPECT_EQ(ActionOf(0), FilterAction::kKillThread);
  EXPECT_EQ(ActionOf(0x00010000), FilterAction::kKillProcess) << "unknown to the kernel";
  EXPECT_EQ(ActionOf(SECCOMP_RET_LOG), FilterAction::kLog);
  EXPECT_EQ(ToText(SECCOMP_RET_ERRNO | 38), "errno 38");
  EXPECT_EQ(ToText(SECCOMP_RET_ERRNO | 0xffff), "errno 4095");
  EXPECT_EQ(ToText(kAllow), "allow");
}

TEST(FilterAction, TheStrictestOfTwoHolds) {
  const std::vector<std::uint32_t> strictest_first = {
      SECCOMP_RET_KILL_PROCESS, SECCOMP_RET_KILL_THREAD, SECCOMP_RET_TRAP, SECCOMP_RET_ERRNO,
      SECCOMP_RET_USER_NOTIF,   SECCOMP_RET_TRACE,       SECCOMP_RET_LOG,  kAllow};
  for (std::size_t at = 0; at + 1 < strictest_first.size(); ++at) {
    EXPECT_EQ(StricterOf(strictest_first[at], strictest_first[at + 1]), strictest_first[at]);
    EXPECT_EQ(StricterOf(strictest_first[at + 1], strictest_first[at]), strictest_first[at]);
    EXPECT_LT(ActionOf(strictest_first[at]), ActionOf(strictest_first[at + 1]));
  }
  EXPECT_EQ(StricterOf(SECCOMP_RET_ERRNO | 1, SECCOMP_RET_ERRNO | 2), SECCOMP_RET_ERRNO | 1);
}

TEST(WordTest, HoldsOfAMaskedWord) {
  EXPECT_TRUE(Holds(Low(Relation::kEqual, 0x10, 0xf0), 0x1f));
  EXPECT_FALSE(Holds(Low(Relation::kNotEqual, 0x10, 0xf0), 0x1f));
  EXPECT_TRUE(Holds(Low(Relation::kAbove, 0x7fffffff), 0x80000000));
  EXPECT_TRUE(Holds(Low(Relation::kAtMost, 5), 5));
  for (const Relation relation :
       {Relation::kEqual, Relation::kNotEqual, Relation::kAbove, Relation::kAtMost}) {
    for (const std::uint32_t word : {4U, 5U, 6U}) {
      EXPECT_NE(Holds(Low(relation, 5), word), Holds(Opposite(Low(relation, 5)), word));
    }
  }
}

TEST(CanAllHold, TellsWhatContradictsItself) {
  EXPECT_EQ(CanAllHold({}), true);
  EXPECT_EQ(CanAllHold(Tests{Low(Relation::kEqual, 5), Low(Relation::kEqual, 6)}), false);
  EXPECT_EQ(CanAllHold(Tests{Low(Relation::kEqual, 5), Low(Relation::kNotEqual, 5)}), false);
  EXPECT_EQ(CanAllHold(Tests{Low(Relation::kAbove, 4), Low(Relation::kAtMost, 5),
                             Low(Relation::kNotEqual, 5)}),
            false);
  EXPECT_EQ(CanAllHold(Tests{Low(Relation::kAbove, 4), Low(Relation::kAtMost, 6),
                             Low(Relation::kNotEqual, 5)}),
            true);
  EXPECT_EQ(CanAllHold(Tests{Low(Relation::kAbove, ~0U)}), false);
  EXPECT_EQ(CanAllHold(Tests{Low(Relation::kEqual, 0x18, 0xf0)}), false)
      << "the mask takes the 8 away";
  EXPECT_EQ(CanAllHold(Tests{Low(Relation::kEqual, 0, 1), Low(Relation::kNotEqual, 0, 1)}), false)
      << "only the last bit tells";
  WordTest high = Low(Relation::kEqual, 6);
  high.word = HighWord(0);
  EXPECT_EQ(CanAllHold(Tests{Low(Relation::kEqual, 5), high}), true) << "another word";
}

TEST(CanAllHold, GivesUpInTime) {
  Tests many;
  for (std::uint32_t bit = 0; bit < 32; bit += 2) {
    many.push_back(Low(Relation::kNotEqual, 1U << bit, 3U << bit));
    many.push_back(Low(Relation::kNotEqual, 2U << bit, 3U << bit));
    many.push_back(Low(Relation::kNotEqual, 3U << bit, 3U << bit));
  }
  EXPECT_EQ(CanAllHold(many), true) << "zero";
  many.push_back(Low(Relation::kNotEqual, 0));
  EXPECT_NE(CanAllHold(many), true) << "there is none, and it may be too much to see that";
  EXPECT_EQ(CanAllHold(Tests(65, Low(Relation::kEqual, 1))), std::nullopt);
}

TEST(Example, MeetsAllTests) {
  const Tests tests = {Low(Relation::kEqual, 0x20, 0xf0), Low(Relation::kNotEqual, 0x20),
                       Low(Relation::kAbove, 0x1ff)};
  const std::vector<std::uint32_t> words = Example(tests);
  ASSERT_EQ(words.size(), kTestedWords);
  for (const WordTest& test : tests) EXPECT_TRUE(Holds(test, words[test.word]));
  EXPECT_TRUE(Example(Tests{Low(Relation::kAbove, ~0U)}).empty());
}

TEST(Permission, CountsWhatIsCertain) {
  const CallRules conditional = {{.when = {Low(Relation::kEqual, 5)}, .answer = kAllow},
                                 {.when = {Low(Relation::kNotEqual, 5)}, .answer = kDeny}};
  EXPECT_EQ(PermissionOf(conditional), (Permission{.permits = true, .denies = true}));
  EXPECT_EQ(PermissionOf(conditional, Tests{Low(Relation::kEqual, 5)}),
            (Permission{.permits = true}));
  EXPECT_EQ(PermissionOf(conditional, Tests{Low(Relation::kAbove, 5)}),
            (Permission{.denies = true}));
  EXPECT_EQ(PermissionOf({{.answer = SECCOMP_RET_TRACE}}), (Permission{.permits = true}));
  EXPECT_EQ(PermissionOf({{.answer = SECCOMP_RET_USER_NOTIF}}), (Permission{.untold = true}));
  EXPECT_EQ(PermissionOf(UnknownRules()), (Permission{.untold = true}));
}

TEST(Permission, DoesNotNeedCertaintyWhereAllIsOfAKind) {
  EXPECT_EQ(PermissionOf({{.answer = kDeny, .certain = false}, {.answer = 0, .certain = false}}),
            (Permission{.denies = true}));
  EXPECT_EQ(PermissionOf({{.answer = kAllow, .certain = false}, {.answer = kAllow}}),
            (Permission{.permits = true}));
  EXPECT_EQ(PermissionOf({{.answer = kAllow}, {.answer = kDeny, .certain = false}}),
            (Permission{.permits = true, .untold = true}));
  EXPECT_EQ(PermissionOf({{.answer = SECCOMP_RET_USER_NOTIF}, {.answer = kDeny}}),
            (Permission{.denies = true, .untold = true}));
}

TEST(ArchRules, AreFoundByNumber) {
  ArchRules arch;
  EXPECT_EQ(arch.At(0), UnknownRules());
  arch.ranges = {{.first = 0, .last = 9, .row = 1}, {.first = 10, .last = ~0U, .row = 0}};
  arch.distinct = {{{.answer = kDeny}}, {{.answer = kAllow}}};
  EXPECT_EQ(arch.At(9).front().answer, kAllow);
  EXPECT_EQ(arch.At(10).front().answer, kDeny);
  EXPECT_EQ(arch.At(~0U).front().answer, kDeny);
}

}  // namespace
}  // namespace hullmark
