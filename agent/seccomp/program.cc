// SPDX-License-Identifier: Apache-2.0
#include "agent/seccomp/program.h"

#include <linux/bpf_common.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <iterator>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hullmark/result.h"
#include "hullmark/seccomp.h"

namespace hullmark {
namespace {

constexpr std::uint32_t kWordBits = 32;

constexpr std::uint16_t kCodes[] = {
    BPF_LD | BPF_W | BPF_ABS,
    BPF_LD | BPF_W | BPF_LEN,
    BPF_LDX | BPF_W | BPF_LEN,
    BPF_LD | BPF_IMM,
    BPF_LDX | BPF_IMM,
    BPF_LD | BPF_MEM,
    BPF_LDX | BPF_MEM,
    BPF_ST,
    BPF_STX,
    BPF_ALU | BPF_ADD | BPF_K,
    BPF_ALU | BPF_ADD | BPF_X,
    BPF_ALU | BPF_SUB | BPF_K,
    BPF_ALU | BPF_SUB | BPF_X,
    BPF_ALU | BPF_MUL | BPF_K,
    BPF_ALU | BPF_MUL | BPF_X,
    BPF_ALU | BPF_DIV | BPF_K,
    BPF_ALU | BPF_DIV | BPF_X,
    BPF_ALU | BPF_AND | BPF_K,
    BPF_ALU | BPF_AND | BPF_X,
    BPF_ALU | BPF_OR | BPF_K,
    BPF_ALU | BPF_OR | BPF_X,
    BPF_ALU | BPF_XOR | BPF_K,
    BPF_ALU | BPF_XOR | BPF_X,
    BPF_ALU | BPF_LSH | BPF_K,
    BPF_ALU | BPF_LSH | BPF_X,
    BPF_ALU | BPF_RSH | BPF_K,
    BPF_ALU | BPF_RSH | BPF_X,
    BPF_ALU | BPF_NEG,
    BPF_MISC | BPF_TAX,
    BPF_MISC | BPF_TXA,
    BPF_JMP | BPF_JA,
    BPF_JMP | BPF_JEQ | BPF_K,
    BPF_JMP | BPF_JEQ | BPF_X,
    BPF_JMP | BPF_JGE | BPF_K,
    BPF_JMP | BPF_JGE | BPF_X,
    BPF_JMP | BPF_JGT | BPF_K,
    BPF_JMP | BPF_JGT | BPF_X,
    BPF_JMP | BPF_JSET | BPF_K,
    BPF_JMP | BPF_JSET | BPF_X,
    BPF_RET | BPF_K,
    BPF_RET | BPF_A,
};

bool IsStore(std::uint16_t code) { return code == BPF_ST || code == BPF_STX; }

bool IsMemoryLoad(std::uint16_t code) {
  return code == (BPF_LD | BPF_MEM) || code == (BPF_LDX | BPF_MEM);
}

bool IsBranch(std::uint16_t code) { return BPF_CLASS(code) == BPF_JMP && BPF_OP(code) != BPF_JA; }

// What is wrong with the constant of an instruction; "" for nothing.
std::string_view FaultOfConstant(const FilterInstruction& it) {
  const std::uint16_t code = it.code;
  if (code == (BPF_LD | BPF_W | BPF_ABS) &&
      (it.constant >= sizeof(seccomp_data) || it.constant % sizeof(it.constant) != 0)) {
    return "loads what is no word of seccomp_data";
  }
  if ((IsStore(code) || IsMemoryLoad(code)) && it.constant >= BPF_MEMWORDS) {
    return "there is no such scratch word";
  }
  if (code == (BPF_ALU | BPF_DIV | BPF_K) && it.constant == 0) return "divides by zero";
  const bool shifts = code == (BPF_ALU | BPF_LSH | BPF_K) || code == (BPF_ALU | BPF_RSH | BPF_K);
  return shifts && it.constant >= kWordBits ? "shifts a word out of itself" : "";
}

// What is wrong with an instruction that `after` others follow.
std::string_view FaultOf(const FilterInstruction& it, std::size_t after) {
  constexpr std::string_view kOut = "jumps out of the program";
  if (std::ranges::find(kCodes, it.code) == std::end(kCodes)) return "no filter may have this code";
  if (it.code == (BPF_JMP | BPF_JA) && it.constant >= after) return kOut;
  if (IsBranch(it.code) && (it.jump_true >= after || it.jump_false >= after)) return kOut;
  return FaultOfConstant(it);
}

// Scratch words that every way to an instruction has written, a bit each. Jumps only go forward, so
// one pass sees all ways.
class ScratchCheck {
 public:
  explicit ScratchCheck(std::span<const FilterInstruction> instructions)
      : instructions_(instructions), written_(instructions.size(), kAll) {
    written_[0] = 0;
  }

  // The first instruction that reads what may not be written; the size where there is none.
  std::size_t FirstFault() {
    for (std::size_t at = 0; at < instructions_.size(); ++at) {
      if (!Visit(at)) return at;
    }
    return instructions_.size();
  }

 private:
  static constexpr std::uint16_t kAll = 0xffff;

  bool Visit(std::size_t at) {
    const FilterInstruction& it = instructions_[at];
    std::uint16_t written = written_[at];
    if (IsMemoryLoad(it.code) && (written >> it.constant & 1) == 0) return false;
    if (IsStore(it.code)) written = static_cast<std::uint16_t>(written | 1U << it.constant);
    if (it.code == (BPF_JMP | BPF_JA)) {
      Meet(at + 1 + it.constant, written);
    } else if (IsBranch(it.code)) {
      Meet(at + 1 + it.jump_true, written);
      Meet(at + 1 + it.jump_false, written);
    } else if (BPF_CLASS(it.code) != BPF_RET) {
      Meet(at + 1, written);
    }
    return true;
  }

  void Meet(std::size_t at, std::uint16_t written) {
    if (at < written_.size()) written_[at] = static_cast<std::uint16_t>(written_[at] & written);
  }

  std::span<const FilterInstruction> instructions_;
  std::vector<std::uint16_t> written_;
};

std::unexpected<Error> Refuse(std::size_t at, std::string_view why) {
  return Fail(ErrorCode::kMalformed, "instruction " + std::to_string(at) + ": " + std::string(why));
}

}  // namespace

FilterProgram::FilterProgram(std::vector<FilterInstruction> instructions)
    : instructions_(std::move(instructions)) {}

Result<FilterProgram> FilterProgram::Of(std::vector<FilterInstruction> instructions) {
  const std::size_t size = instructions.size();
  if (size == 0) return Refuse(0, "is missing");
  if (size > kMostFilterInstructions) return Refuse(size, "there are too many");
  for (std::size_t at = 0; at < size; ++at) {
    const std::string_view fault = FaultOf(instructions[at], size - at - 1);
    if (!fault.empty()) return Refuse(at, fault);
  }
  if (BPF_CLASS(instructions.back().code) != BPF_RET) return Refuse(size - 1, "is no answer");
  const std::size_t unwritten = ScratchCheck(instructions).FirstFault();
  if (unwritten < size) return Refuse(unwritten, "reads a scratch word that may not be written");
  return FilterProgram(std::move(instructions));
}

}  // namespace hullmark
