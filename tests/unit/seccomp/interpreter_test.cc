// SPDX-License-Identifier: Apache-2.0
#include "agent/seccomp/interpreter.h"

#include <gtest/gtest.h>
#include <linux/bpf_common.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

#include <cstdint>
#include <utility>
#include <vector>

#include "agent/seccomp/program.h"
#include "hullmark/seccomp.h"
#include "tests/unit/seccomp/assemble.h"

namespace hullmark::testing {
namespace {

constexpr std::uint32_t kArch = 0xC000003E;

std::uint32_t Answer(std::vector<FilterInstruction> instructions, FilterInput input = {}) {
  return AnswerOf(ProgramOf(std::move(instructions)), input);
}

// What is left in A.
std::uint32_t Left(std::vector<FilterInstruction> instructions) {
  instructions.push_back(Statement(BPF_RET | BPF_A));
  return Answer(std::move(instructions));
}

TEST(Interpreter, LoadsEveryWordOfTheCall) {
  FilterInput input;
  for (std::uint32_t place = 0; place < input.words.size(); ++place)
    input.words[place] = 100 + place;
  for (std::uint32_t place = 0; place < input.words.size(); ++place) {
    EXPECT_EQ(Answer({Load(4 * place), Statement(BPF_RET | BPF_A)}, input), 100 + place);
  }
  EXPECT_EQ(LowAt(0), 4 * FilterInput::PlaceOf(LowWord(0)));
  EXPECT_EQ(HighAt(5), 4 * FilterInput::PlaceOf(HighWord(5)));
  EXPECT_EQ(kPointerAt, 4 * FilterInput::PlaceOf(12));
  EXPECT_EQ(Left({Statement(BPF_LD | BPF_W | BPF_LEN)}), sizeof(seccomp_data));
}

TEST(Interpreter, Computes) {
  const auto of_seven = [](int operation, std::uint32_t operand) {
    const auto by_constant = Left({Statement(BPF_LD | BPF_IMM, 7), Compute(operation, operand)});
    const auto by_register =
        Left({Statement(BPF_LD | BPF_IMM, 7), Statement(BPF_LDX | BPF_IMM, operand),
              Statement(BPF_ALU | operation | BPF_X)});
    EXPECT_EQ(by_constant, by_register) << operation;
    return by_constant;
  };
  EXPECT_EQ(of_seven(BPF_ADD, 0xffffffff), 6U);
  EXPECT_EQ(of_seven(BPF_SUB, 8), 0xffffffff);
  EXPECT_EQ(of_seven(BPF_MUL, 0x80000001), 0x80000007);
  EXPECT_EQ(of_seven(BPF_DIV, 2), 3U);
  EXPECT_EQ(of_seven(BPF_AND, 0xd), 5U);
  EXPECT_EQ(of_seven(BPF_OR, 8), 15U);
  EXPECT_EQ(of_seven(BPF_XOR, 5), 2U);
  EXPECT_EQ(of_seven(BPF_LSH, 30), 0xc0000000);
  EXPECT_EQ(of_seven(BPF_RSH, 1), 3U);
  EXPECT_EQ(Left({Statement(BPF_LD | BPF_IMM, 7), Statement(BPF_ALU | BPF_NEG)}), 0xfffffff9);
}

TEST(Interpreter, EndsWithZeroWhereItDividesByIt) {
  EXPECT_EQ(Answer({Statement(BPF_LD | BPF_IMM, 7), Statement(BPF_ALU | BPF_DIV | BPF_X),
                    Return(SECCOMP_RET_ALLOW)}),
            0U);
}

TEST(Interpreter, MovesAndKeepsWords) {
  EXPECT_EQ(Left({Statement(BPF_LD | BPF_IMM, 7), Statement(BPF_MISC | BPF_TAX),
                  Statement(BPF_ST, 3), Statement(BPF_LD | BPF_IMM, 9), Statement(BPF_STX, 4),
                  Statement(BPF_LDX | BPF_MEM, 3), Statement(BPF_MISC | BPF_TXA),
                  Statement(BPF_LDX | BPF_MEM, 4), Statement(BPF_ALU | BPF_MUL | BPF_X)}),
            49U);
}

TEST(Interpreter, Jumps) {
  const auto taken = [](int operation, std::uint32_t a, std::uint32_t operand) {
    return Answer({Statement(BPF_LD | BPF_IMM, a), Branch(operation, operand, 1, 0), Return(0),
                   Return(1)}) == 1;
  };
  EXPECT_TRUE(taken(BPF_JEQ, 5, 5));
  EXPECT_FALSE(taken(BPF_JEQ, 5, 4));
  EXPECT_TRUE(taken(BPF_JGT, 0x80000000, 5)) << "words have no sign";
  EXPECT_FALSE(taken(BPF_JGT, 5, 5));
  EXPECT_TRUE(taken(BPF_JGE, 5, 5));
  EXPECT_FALSE(taken(BPF_JGE, 4, 5));
  EXPECT_TRUE(taken(BPF_JSET, 6, 3));
  EXPECT_FALSE(taken(BPF_JSET, 4, 3));
  EXPECT_EQ(Answer({Statement(BPF_JMP | BPF_JA, 1), Return(0), Return(1)}), 1U);
  EXPECT_EQ(Answer({Statement(BPF_LDX | BPF_IMM, 5), Statement(BPF_LD | BPF_IMM, 5),
                    Branch(BPF_JEQ, 0, 1, 0, BPF_X), Return(0), Return(1)}),
            1U);
}

// seccomp_is_const_allow() of kernel/seccomp.c.
TEST(CachedAsAllowed, IsWhatNeedsNoArguments) {
  const FilterProgram allow_list =
      ProgramOf({Load(kArchAt), Branch(BPF_JEQ, kArch, 0, 5), Load(kNumberAt),
                 Branch(BPF_JEQ, 1, 2, 0), Compute(BPF_AND, 0xf0), Branch(BPF_JEQ, 0x10, 0, 1),
                 Return(SECCOMP_RET_ALLOW), Return(SECCOMP_RET_ERRNO | 1)});
  EXPECT_TRUE(IsCachedAsAllowed(allow_list, kArch, 1));
  EXPECT_TRUE(IsCachedAsAllowed(allow_list, kArch, 0x1f));
  EXPECT_FALSE(IsCachedAsAllowed(allow_list, kArch, 2));
  EXPECT_FALSE(IsCachedAsAllowed(allow_list, kArch + 1, 1));
}

TEST(CachedAsAllowed, IsNotWhatTheKernelDoesNotFollow) {
  const auto cached = [](std::vector<FilterInstruction> before) {
    before.push_back(Return(SECCOMP_RET_ALLOW));
    return IsCachedAsAllowed(ProgramOf(std::move(before)), kArch, 1);
  };
  EXPECT_TRUE(cached({}));
  EXPECT_FALSE(cached({Load(LowAt(0))})) << "even where the argument decides nothing";
  EXPECT_FALSE(cached({Compute(BPF_ADD, 1)}));
  EXPECT_FALSE(cached({Branch(BPF_JEQ, 0, 0, 0, BPF_X)}));
  EXPECT_FALSE(IsCachedAsAllowed(ProgramOf({Return(SECCOMP_RET_LOG)}), kArch, 1));
}

}  // namespace
}  // namespace hullmark::testing
