// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>
#include <linux/bpf_common.h>
#include <linux/filter.h>

#include <cstdint>
#include <stdexcept>
#include <utility>
#include <vector>

#include "agent/seccomp/program.h"
#include "hullmark/result.h"
#include "hullmark/seccomp.h"

// Classic BPF by hand.
namespace hullmark::testing {

inline FilterInstruction Statement(int code, std::uint32_t constant = 0) {
  return {.code = static_cast<std::uint16_t>(code), .constant = constant};
}

inline FilterInstruction Branch(int operation, std::uint32_t constant, std::uint8_t jump_true,
                                std::uint8_t jump_false, int source = BPF_K) {
  return {.code = static_cast<std::uint16_t>(BPF_JMP | operation | source),
          .jump_true = jump_true,
          .jump_false = jump_false,
          .constant = constant};
}

// Offsets of seccomp_data.
inline constexpr std::uint32_t kNumberAt = 0, kArchAt = 4, kPointerAt = 8;
constexpr std::uint32_t LowAt(int argument) {
  return static_cast<std::uint32_t>(16 + 8 * argument);
}
constexpr std::uint32_t HighAt(int argument) { return LowAt(argument) + 4; }

inline FilterInstruction Load(std::uint32_t offset) {
  return Statement(BPF_LD | BPF_W | BPF_ABS, offset);
}
inline FilterInstruction Return(std::uint32_t answer) { return Statement(BPF_RET | BPF_K, answer); }
inline FilterInstruction Compute(int operation, std::uint32_t constant) {
  return Statement(BPF_ALU | operation | BPF_K, constant);
}

inline FilterProgram ProgramOf(std::vector<FilterInstruction> instructions) {
  Result<FilterProgram> program = FilterProgram::Of(std::move(instructions));
  if (!program) throw std::logic_error(program.error().message);
  return *std::move(program);
}

}  // namespace hullmark::testing
