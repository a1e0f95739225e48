// SPDX-License-Identifier: Apache-2.0
#include "agent/seccomp/interpreter.h"

#include <linux/bpf_common.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "agent/seccomp/program.h"
#include "hullmark/seccomp.h"

namespace hullmark {
namespace {

constexpr std::uint32_t kShiftBits = 31;

class Machine32 {
 public:
  Machine32(const FilterProgram& program, const FilterInput& input)
      : program_(program), input_(input) {}

  std::uint32_t Run() {
    std::optional<std::uint32_t> answer;
    while (!answer) answer = Step(program_.instructions()[at_++]);
    return *answer;
  }

 private:
  std::optional<std::uint32_t> Step(const FilterInstruction& it);
  std::uint32_t Load(const FilterInstruction& it) const;
  std::optional<std::uint32_t> Calculate(const FilterInstruction& it);
  void Jump(const FilterInstruction& it);
  std::uint32_t OperandOf(const FilterInstruction& it) const {
    return BPF_SRC(it.code) == BPF_X ? x_ : it.constant;
  }

  const FilterProgram& program_;
  const FilterInput& input_;
  std::size_t at_ = 0;
  std::uint32_t a_ = 0, x_ = 0;
  std::array<std::uint32_t, BPF_MEMWORDS> scratch_{};
};

std::uint32_t Machine32::Load(const FilterInstruction& it) const {
  switch (BPF_MODE(it.code)) {
    case BPF_ABS:
      return input_.words[it.constant / sizeof(std::uint32_t)];
    case BPF_LEN:
      return sizeof(seccomp_data);
    case BPF_MEM:
      return scratch_[it.constant];
    default:
      return it.constant;
  }
}

// Division by zero ends the program, with 0 for its answer.
std::optional<std::uint32_t> Machine32::Calculate(const FilterInstruction& it) {
  const std::uint32_t operand = OperandOf(it);
  if (BPF_OP(it.code) == BPF_DIV && operand == 0) return 0;
  a_ = Compute(it.code, a_, operand);
  return std::nullopt;
}

void Machine32::Jump(const FilterInstruction& it) {
  if (BPF_OP(it.code) == BPF_JA) {
    at_ += it.constant;
  } else {
    at_ += IsTaken(it.code, a_, OperandOf(it)) ? it.jump_true : it.jump_false;
  }
}

std::optional<std::uint32_t> Machine32::Step(const FilterInstruction& it) {
  switch (BPF_CLASS(it.code)) {
    case BPF_LD:
      a_ = Load(it);
      return std::nullopt;
    case BPF_LDX:
      x_ = Load(it);
      return std::nullopt;
    case BPF_ST:
      scratch_[it.constant] = a_;
      return std::nullopt;
    case BPF_STX:
      scratch_[it.constant] = x_;
      return std::nullopt;
    case BPF_ALU:
      return Calculate(it);
    case BPF_JMP:
      Jump(it);
      return std::nullopt;
    case BPF_MISC:
      (BPF_MISCOP(it.code) == BPF_TAX ? x_ : a_) = BPF_MISCOP(it.code) == BPF_TAX ? a_ : x_;
      return std::nullopt;
    default:  // BPF_RET
      return BPF_RVAL(it.code) == BPF_A ? a_ : it.constant;
  }
}

// The kernel's own walk: what it does not know ends it.
class ConstantMachine {
 public:
  ConstantMachine(const FilterProgram& program, std::uint32_t arch, std::uint32_t number)
      : program_(program), arch_(arch), number_(number) {}

  bool Permits() {
    const FilterInstruction* it = &program_.instructions()[at_++];
    while (Follow(*it)) it = &program_.instructions()[at_++];
    return it->code == (BPF_RET | BPF_K) && it->constant == SECCOMP_RET_ALLOW;
  }

 private:
  bool Follow(const FilterInstruction& it) {
    const bool by_constant = BPF_SRC(it.code) == BPF_K;
    if (it.code == (BPF_LD | BPF_W | BPF_ABS) && it.constant <= offsetof(seccomp_data, arch)) {
      a_ = it.constant == 0 ? number_ : arch_;
    } else if (it.code == (BPF_JMP | BPF_JA)) {
      at_ += it.constant;
    } else if (BPF_CLASS(it.code) == BPF_JMP && by_constant) {
      at_ += IsTaken(it.code, a_, it.constant) ? it.jump_true : it.jump_false;
    } else if (it.code == (BPF_ALU | BPF_AND | BPF_K)) {
      a_ &= it.constant;
    } else {
      return false;
    }
    return true;
  }

  const FilterProgram& program_;
  std::uint32_t arch_, number_;
  std::size_t at_ = 0;
  std::uint32_t a_ = 0;
};

}  // namespace

std::uint32_t Compute(std::uint16_t code, std::uint32_t a, std::uint32_t operand) {
  switch (BPF_OP(code)) {
    case BPF_ADD:
      return a + operand;
    case BPF_SUB:
      return a - operand;
    case BPF_MUL:
      return a * operand;
    case BPF_DIV:
      return operand == 0 ? 0 : a / operand;
    case BPF_AND:
      return a & operand;
    case BPF_OR:
      return a | operand;
    case BPF_XOR:
      return a ^ operand;
    case BPF_LSH:
      return a << (operand & kShiftBits);
    case BPF_RSH:
      return a >> (operand & kShiftBits);
    default:  // BPF_NEG
      return 0U - a;
  }
}

bool IsTaken(std::uint16_t code, std::uint32_t a, std::uint32_t operand) {
  switch (BPF_OP(code)) {
    case BPF_JEQ:
      return a == operand;
    case BPF_JGT:
      return a > operand;
    case BPF_JGE:
      return a >= operand;
    default:  // BPF_JSET
      return (a & operand) != 0;
  }
}

std::uint32_t AnswerOf(const FilterProgram& program, const FilterInput& input) {
  return Machine32(program, input).Run();
}

bool IsCachedAsAllowed(const FilterProgram& program, std::uint32_t arch, std::uint32_t number) {
  return ConstantMachine(program, arch, number).Permits();
}

}  // namespace hullmark
