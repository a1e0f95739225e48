// SPDX-License-Identifier: Apache-2.0
#include "agent/seccomp/rules.h"

#include <gtest/gtest.h>
#include <linux/bpf_common.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "agent/seccomp/walk.h"
#include "hullmark/seccomp.h"
#include "hullmark/syscalls.h"
#include "tests/unit/seccomp/assemble.h"

namespace hullmark::testing {
namespace {

using Relation = WordTest::Relation;

constexpr std::uint32_t kArch = 0xC000003E;
constexpr std::uint32_t kAllow = SECCOMP_RET_ALLOW;
constexpr std::uint32_t kDeny = SECCOMP_RET_ERRNO | 1;

FilterRules RulesOfAll(std::vector<FilterInstruction> instructions, std::size_t steps = 500'000) {
  WalkBudget budget = {.steps = steps};
  return RulesOf(ProgramOf(std::move(instructions)), Machine::kX86_64, budget);
}

CallRules Always(std::uint32_t answer) { return {{.answer = answer}}; }

// Of call 7, which is asked about with `instructions`; others are allowed.
CallRules RulesOfSeven(std::vector<FilterInstruction> instructions) {
  const auto rest = static_cast<std::uint32_t>(instructions.size());
  std::vector<FilterInstruction> all = {Load(kNumberAt), Branch(BPF_JEQ, 7, 1, 0),
                                        Statement(BPF_JMP | BPF_JA, rest)};
  all.insert(all.end(), instructions.begin(), instructions.end());
  all.push_back(Return(kAllow));
  const FilterRules rules = RulesOfAll(std::move(all));
  EXPECT_EQ(rules.At(Abi::kX86_64, 6), Always(kAllow));
  EXPECT_EQ(rules.At(Abi::kI386, 8), Always(kAllow));
  return rules.At(Abi::kX86_64, 7);
}

TEST(Rules, PartNumbersWhereTheProgramDoes) {
  const FilterRules rules = RulesOfAll({Load(kNumberAt), Branch(BPF_JGE, 0x40000000, 4, 0),
                                        Branch(BPF_JEQ, 5, 2, 0), Branch(BPF_JGT, 9, 0, 1),
                                        Return(kAllow), Return(SECCOMP_RET_TRAP), Return(kDeny)});
  ASSERT_EQ(rules.archs.size(), 2U) << "x86_64 with x32, and i386";
  const ArchRules& arch = rules.archs.front();
  const auto range = [&](std::size_t at) {
    return std::pair(arch.ranges[at].first, arch.ranges[at].last);
  };
  ASSERT_EQ(arch.ranges.size(), 3U);
  EXPECT_EQ(range(0), std::pair(0U, 9U)) << "5 goes the way of those beside it";
  EXPECT_EQ(range(1), std::pair(10U, 0x3fffffffU));
  EXPECT_EQ(range(2), std::pair(0x40000000U, 0xffffffffU));
  EXPECT_EQ(arch.At(9), Always(SECCOMP_RET_TRAP));
  EXPECT_EQ(arch.At(10), Always(kAllow));
  EXPECT_EQ(rules.At(Abi::kX32, kX32Bit | 10), Always(kDeny));
}

TEST(Rules, KnowTheArchitecture) {
  const FilterRules rules = RulesOfAll({Load(kArchAt), Branch(BPF_JEQ, kArch, 1, 0),
                                        Return(SECCOMP_RET_KILL_THREAD), Return(kAllow)});
  EXPECT_EQ(rules.At(Abi::kX86_64, 3), Always(kAllow));
  EXPECT_EQ(rules.At(Abi::kX32, kX32Bit | 3), Always(kAllow));
  EXPECT_EQ(rules.At(Abi::kI386, 3), Always(SECCOMP_RET_KILL_THREAD));
  EXPECT_EQ(rules.At(Abi::kAarch64, 3), UnknownRules()) << "no architecture of this machine";
}

TEST(Rules, SeeThroughMasksOfTheNumber) {
  const FilterRules bit = RulesOfAll(
      {Load(kNumberAt), Branch(BPF_JSET, 0x40000000, 0, 1), Return(kDeny), Return(kAllow)});
  EXPECT_EQ(bit.archs.front().ranges.size(), 4U);
  EXPECT_EQ(bit.At(Abi::kX86_64, 1), Always(kAllow));
  EXPECT_EQ(bit.At(Abi::kX32, kX32Bit | 1), Always(kDeny));
  const FilterRules low = RulesOfAll({Load(kNumberAt), Compute(BPF_AND, 0x3ff),
                                      Branch(BPF_JEQ, 7, 0, 1), Return(kDeny), Return(kAllow)});
  EXPECT_EQ(low.At(Abi::kX86_64, 7), Always(kDeny));
  EXPECT_EQ(low.At(Abi::kX86_64, 1031), Always(kDeny));
  EXPECT_EQ(low.At(Abi::kX86_64, 1032), Always(kAllow));
}

TEST(Rules, ComputeWithTheNumber) {
  const FilterRules rules =
      RulesOfAll({Load(kNumberAt), Compute(BPF_SUB, 3), Statement(BPF_MISC | BPF_TAX),
                  Statement(BPF_LD | BPF_IMM, 4), Branch(BPF_JEQ, 0, 0, 1, BPF_X), Return(kDeny),
                  Return(kAllow)});
  EXPECT_EQ(rules.At(Abi::kX86_64, 7), Always(kDeny));
  EXPECT_EQ(rules.At(Abi::kX86_64, 6), Always(kAllow));
  EXPECT_EQ(rules.At(Abi::kX86_64, 1000), Always(kAllow));
  EXPECT_EQ(rules.At(Abi::kX32, kX32Bit), UnknownRules()) << "one by one there are too many";
}

TEST(Rules, SayWhichArgumentsAreDenied) {
  const WordTest flags = {.word = LowWord(0), .relation = Relation::kNotEqual, .mask = 0x7E020000};
  EXPECT_EQ(RulesOfSeven({Load(LowAt(0)), Compute(BPF_AND, 0x7E020000), Branch(BPF_JEQ, 0, 1, 0),
                          Return(kDeny)}),
            (CallRules{{.when = {Opposite(flags)}, .answer = kAllow},
                       {.when = {flags}, .answer = kDeny}}));
  EXPECT_EQ(RulesOfSeven({Load(LowAt(0)), Branch(BPF_JSET, 0x7E020000, 0, 1), Return(kDeny)}),
            (CallRules{{.when = {flags}, .answer = kDeny},
                       {.when = {Opposite(flags)}, .answer = kAllow}}));
}

TEST(Rules, SayHowArgumentsCompare) {
  const WordTest above = {.word = HighWord(2), .relation = Relation::kAbove, .value = 9};
  EXPECT_EQ(RulesOfSeven({Load(HighAt(2)), Branch(BPF_JGT, 9, 0, 1), Return(kDeny)}),
            (CallRules{{.when = {above}, .answer = kDeny},
                       {.when = {Opposite(above)}, .answer = kAllow}}));
  EXPECT_EQ(RulesOfSeven({Load(HighAt(2)), Branch(BPF_JGE, 10, 0, 1), Return(kDeny)}),
            (CallRules{{.when = {above}, .answer = kDeny},
                       {.when = {Opposite(above)}, .answer = kAllow}}));
  EXPECT_EQ(RulesOfSeven({Load(HighAt(2)), Branch(BPF_JGE, 0, 0, 1), Return(kDeny)}),
            Always(kDeny));
  EXPECT_EQ(RulesOfSeven({Load(HighAt(2)), Branch(BPF_JGT, ~0U, 0, 1), Return(kDeny)}),
            Always(kAllow));
}

TEST(Rules, LeaveOutWhatCannotBe) {
  // arg0 == 3, then arg0 == 4 on the same way.
  EXPECT_EQ(RulesOfSeven({Load(LowAt(0)), Branch(BPF_JEQ, 3, 0, 2), Branch(BPF_JEQ, 4, 0, 1),
                          Return(kDeny)}),
            Always(kAllow));
}

TEST(Rules, LeaveOutTestsThatSayNothing) {
  const WordTest three = {.word = LowWord(0), .value = 3};
  const WordTest four = {.word = LowWord(0), .value = 4};
  EXPECT_EQ(RulesOfSeven({Load(LowAt(0)), Branch(BPF_JEQ, 3, 2, 0), Branch(BPF_JEQ, 4, 1, 0),
                          Return(kDeny)}),
            (CallRules{{.when = {three}, .answer = kAllow},
                       {.when = {four}, .answer = kAllow},
                       {.when = {Opposite(three), Opposite(four)}, .answer = kDeny}}));
  EXPECT_EQ(RulesOfSeven({Load(LowAt(0)), Branch(BPF_JEQ, 3, 0, 1), Return(kDeny), Return(kDeny)}),
            Always(kDeny));
}

TEST(Rules, AreNotCertainWhereTheFilterComputes) {
  const std::vector<FilterInstruction> sum = {Load(LowAt(0)), Statement(BPF_MISC | BPF_TAX),
                                              Load(LowAt(1)), Statement(BPF_ALU | BPF_ADD | BPF_X)};
  auto by_sum = sum;
  by_sum.push_back(Branch(BPF_JEQ, 3, 0, 1));
  by_sum.push_back(Return(kDeny));
  EXPECT_EQ(RulesOfSeven(by_sum),
            (CallRules{{.answer = kDeny, .certain = false}, {.answer = kAllow, .certain = false}}));
  auto answer = sum;
  answer.push_back(Statement(BPF_RET | BPF_A));
  EXPECT_EQ(RulesOfSeven(answer), UnknownRules());
  auto either_way = sum;
  either_way.push_back(Branch(BPF_JEQ, 3, 0, 0));
  either_way.push_back(Return(kDeny));
  EXPECT_EQ(RulesOfSeven(either_way), Always(kDeny));
  EXPECT_EQ(RulesOfSeven({Load(LowAt(0)), Statement(BPF_MISC | BPF_TAX),
                          Statement(BPF_ALU | BPF_DIV | BPF_X)}),
            UnknownRules());
}

TEST(Rules, GiveUpOnFiltersThatAskForTooMuch) {
  std::vector<FilterInstruction> bits;
  for (std::uint32_t bit = 0; bit < 31; ++bit) {
    // A sum that differs for every combination of bits.
    bits.insert(bits.end(),
                {Load(LowAt(0)), Branch(BPF_JSET, 1U << bit, 0, 3), Statement(BPF_MISC | BPF_TXA),
                 Compute(BPF_ADD, 1U << bit), Statement(BPF_MISC | BPF_TAX)});
  }
  bits.push_back(Statement(BPF_MISC | BPF_TXA));
  bits.push_back(Statement(BPF_RET | BPF_A));
  EXPECT_EQ(RulesOfSeven(bits), UnknownRules());
}

TEST(Rules, AreUnknownPastTheBudget) {
  const std::vector<FilterInstruction> program = {Load(kNumberAt), Branch(BPF_JEQ, 1, 2, 0),
                                                  Branch(BPF_JEQ, 900, 1, 0), Return(kAllow),
                                                  Return(kDeny)};
  EXPECT_EQ(RulesOfAll(program, 12).At(Abi::kX86_64, 0), Always(kAllow))
      << "the low ones come first";
  EXPECT_EQ(RulesOfAll(program, 12).At(Abi::kX86_64, 901), UnknownRules());
  EXPECT_EQ(RulesOfAll(program).At(Abi::kX86_64, 901), Always(kAllow));
}

// ---- several filters ----

TEST(Together, TheStricterAnswerHolds) {
  const FilterRules allow_but_three = RulesOfAll(
      {Load(kNumberAt), Branch(BPF_JEQ, 3, 0, 1), Return(SECCOMP_RET_LOG), Return(kAllow)});
  const FilterRules deny_above =
      RulesOfAll({Load(kNumberAt), Branch(BPF_JGT, 4, 0, 1), Return(kDeny), Return(kAllow)});
  const FilterRules both = Together(allow_but_three, deny_above);
  EXPECT_EQ(both.At(Abi::kX86_64, 2), Always(kAllow));
  EXPECT_EQ(both.At(Abi::kX86_64, 3), Always(SECCOMP_RET_LOG));
  EXPECT_EQ(both.At(Abi::kX86_64, 5), Always(kDeny));
  EXPECT_EQ(both.archs.front().ranges.back().last, ~0U);
}

TEST(Together, ConditionsAddUp) {
  const auto denies_bit = [](std::uint32_t bit) {
    return RulesOfAll({Load(LowAt(1)), Branch(BPF_JSET, bit, 0, 1), Return(SECCOMP_RET_ERRNO | bit),
                       Return(kAllow)});
  };
  const FilterRules both = Together(denies_bit(1), denies_bit(2));
  const CallRules& rules = both.At(Abi::kX86_64, 0);
  ASSERT_EQ(rules.size(), 4U);
  const WordTest one = {.word = LowWord(1), .relation = Relation::kNotEqual, .mask = 1};
  const WordTest two = {.word = LowWord(1), .relation = Relation::kNotEqual, .mask = 2};
  EXPECT_EQ(rules[0], (CallRule{.when = {one, two}, .answer = SECCOMP_RET_ERRNO | 1}))
      << "the newer one's errno";
  EXPECT_EQ(rules[3], (CallRule{.when = {Opposite(one), Opposite(two)}, .answer = kAllow}));
  const FilterRules same = Together(denies_bit(1), denies_bit(1));
  EXPECT_EQ(same.At(Abi::kX86_64, 0).size(), 2U) << "what contradicts itself is left out";
}

TEST(Together, ADenialOutweighsWhatIsUnknown) {
  const FilterRules deny = RulesOfAll({Return(kDeny)});
  const FilterRules odd = RulesOfAll({Load(LowAt(0)), Statement(BPF_RET | BPF_A)});
  EXPECT_EQ(PermissionOf(Together(deny, odd).At(Abi::kX86_64, 0)), (Permission{.denies = true}));
  const FilterRules allow = RulesOfAll({Return(kAllow)});
  EXPECT_EQ(PermissionOf(Together(allow, odd).At(Abi::kX86_64, 0)), (Permission{.untold = true}));
}

}  // namespace
}  // namespace hullmark::testing
