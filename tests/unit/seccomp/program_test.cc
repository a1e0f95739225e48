// SPDX-License-Identifier: Apache-2.0
#include "agent/seccomp/program.h"

#include <gtest/gtest.h>
#include <linux/bpf_common.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "hullmark/result.h"
#include "hullmark/seccomp.h"
#include "tests/unit/seccomp/assemble.h"

namespace hullmark::testing {
namespace {

using Instructions = std::vector<FilterInstruction>;

std::string FaultOf(Instructions instructions) {
  const Result<FilterProgram> program = FilterProgram::Of(std::move(instructions));
  if (program) return "";
  EXPECT_EQ(program.error().code, ErrorCode::kMalformed);
  return program.error().message;
}

TEST(FilterProgram, IsWhatTheKernelTakes) {
  const Instructions good = {Load(kArchAt),
                             Branch(BPF_JEQ, 0xC000003E, 0, 2),
                             Load(HighAt(5)),
                             Branch(BPF_JSET, 8, 0, 1),
                             Return(SECCOMP_RET_ALLOW),
                             Return(SECCOMP_RET_KILL_THREAD)};
  EXPECT_EQ(FaultOf(good), "");
  const FilterProgram program = ProgramOf(good);
  EXPECT_EQ(Instructions(program.instructions().begin(), program.instructions().end()), good);
  EXPECT_EQ(FaultOf({Return(0)}), "");
  EXPECT_EQ(FaultOf({Statement(BPF_LD | BPF_W | BPF_LEN), Statement(BPF_RET | BPF_A)}), "");
}

TEST(FilterProgram, HasInstructionsAndNotTooMany) {
  EXPECT_EQ(FaultOf({}), "instruction 0: is missing");
  EXPECT_EQ(FaultOf(Instructions(kMostFilterInstructions, Return(0))), "");
  EXPECT_EQ(FaultOf(Instructions(kMostFilterInstructions + 1, Return(0))),
            "instruction 4097: there are too many");
}

TEST(FilterProgram, HasNoCodesOfOtherFilters) {
  for (const int code :
       {BPF_LD | BPF_B | BPF_ABS, BPF_LD | BPF_W | BPF_IND, BPF_ALU | BPF_MOD | BPF_K,
        BPF_RET | BPF_X, BPF_JMP | BPF_JA | BPF_X, BPF_LDX | BPF_B | BPF_MSH, 0xffff}) {
    EXPECT_EQ(FaultOf({Statement(code, 4), Return(0)}),
              "instruction 0: no filter may have this code")
        << code;
  }
}

TEST(FilterProgram, LoadsWordsOfTheCall) {
  for (const std::uint32_t offset : {1U, 2U, 63U, 64U, 68U, 0xfffff000U}) {
    EXPECT_EQ(FaultOf({Load(offset), Return(0)}),
              "instruction 0: loads what is no word of seccomp_data")
        << offset;
  }
  EXPECT_EQ(FaultOf({Load(60), Return(0)}), "");
}

TEST(FilterProgram, JumpsForwardAndWithin) {
  const std::string fault = "instruction 0: jumps out of the program";
  EXPECT_EQ(FaultOf({Statement(BPF_JMP | BPF_JA, 1), Return(0)}), fault);
  EXPECT_EQ(FaultOf({Statement(BPF_JMP | BPF_JA, 0xffffffff), Return(0)}), fault);
  EXPECT_EQ(FaultOf({Branch(BPF_JEQ, 0, 1, 0), Return(0)}), fault);
  EXPECT_EQ(FaultOf({Branch(BPF_JEQ, 0, 0, 1), Return(0)}), fault);
  EXPECT_EQ(FaultOf({Branch(BPF_JEQ, 0, 0, 0), Return(0)}), "");
}

TEST(FilterProgram, ComputesWhatIsDefined) {
  EXPECT_EQ(FaultOf({Compute(BPF_DIV, 0), Return(0)}), "instruction 0: divides by zero");
  EXPECT_EQ(FaultOf({Compute(BPF_LSH, 32), Return(0)}),
            "instruction 0: shifts a word out of itself");
  EXPECT_EQ(FaultOf({Compute(BPF_RSH, 32), Return(0)}),
            "instruction 0: shifts a word out of itself");
  EXPECT_EQ(FaultOf({Compute(BPF_RSH, 31), Compute(BPF_DIV, 1), Return(0)}), "");
}

TEST(FilterProgram, EndsWithAnAnswer) {
  EXPECT_EQ(FaultOf({Return(0), Load(0)}), "instruction 1: is no answer");
}

TEST(FilterProgram, ReadsScratchWordsThatWereWritten) {
  EXPECT_EQ(FaultOf({Statement(BPF_ST, 16), Return(0)}),
            "instruction 0: there is no such scratch word");
  EXPECT_EQ(FaultOf({Statement(BPF_LD | BPF_MEM, 16), Return(0)}),
            "instruction 0: there is no such scratch word");
  EXPECT_EQ(FaultOf({Statement(BPF_LD | BPF_MEM, 3), Return(0)}),
            "instruction 0: reads a scratch word that may not be written");
  EXPECT_EQ(FaultOf({Statement(BPF_ST, 15), Statement(BPF_LDX | BPF_MEM, 15), Return(0)}), "");
  const Instructions on_one_way = {Branch(BPF_JEQ, 0, 0, 1), Statement(BPF_STX, 2),
                                   Statement(BPF_LD | BPF_MEM, 2), Return(0)};
  EXPECT_EQ(FaultOf(on_one_way), "instruction 2: reads a scratch word that may not be written");
  const Instructions jumped_over = {Statement(BPF_JMP | BPF_JA, 1), Statement(BPF_STX, 2),
                                    Statement(BPF_LD | BPF_MEM, 2), Return(0)};
  EXPECT_EQ(FaultOf(jumped_over), "instruction 2: reads a scratch word that may not be written");
}

}  // namespace
}  // namespace hullmark::testing
