// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "agent/seccomp/program.h"

namespace hullmark {

// What a filter sees of a call: the words of struct seccomp_data. 0 is the number, 1 the
// architecture; what follows are the words of a WordTest, in another order.
struct FilterInput {
  std::array<std::uint32_t, 16> words{};

  static constexpr std::size_t kNumber = 0, kArch = 1;
  // Where a WordTest's word lies: the instruction pointer comes before the arguments.
  static constexpr std::size_t PlaceOf(std::size_t word) {
    constexpr std::size_t kArgumentWords = 12;
    return word < kArgumentWords ? word + 4 : word - kArgumentWords + 2;
  }
};

// The program's answer, as the kernel would compute it.
std::uint32_t AnswerOf(const FilterProgram& program, const FilterInput& input);

// What two words come to under an operation of BPF_ALU, or the machine's 32 bits of it.
std::uint32_t Compute(std::uint16_t code, std::uint32_t a, std::uint32_t operand);

// Whether a conditional jump is taken.
bool IsTaken(std::uint16_t code, std::uint32_t a, std::uint32_t operand);

// Whether the kernel notes in its cache of actions that this program permits the number whatever
// the arguments: seccomp_is_const_allow() of kernel/seccomp.c, which gives up where it would have
// to look at them, or to compute.
bool IsCachedAsAllowed(const FilterProgram& program, std::uint32_t arch, std::uint32_t number);

}  // namespace hullmark
