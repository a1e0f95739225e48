// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

#include "agent/seccomp/interpreter.h"
#include "agent/seccomp/program.h"
#include "agent/seccomp/rules.h"
#include "agent/seccomp/walk.h"
#include "hullmark/seccomp.h"
#include "hullmark/syscalls.h"
#include "tests/fuzz/parse/require.h"

using namespace hullmark;

namespace {

// What is certain is what the program does with an example.
void RequireAgreement(const FilterProgram& program, const ArchRules& arch,
                      const ArchRules::Range& range) {
  for (const CallRule& rule : arch.distinct[range.row]) {
    const std::vector<std::uint32_t> words = Example(rule.when);
    if (words.empty() || !rule.certain) continue;
    FilterInput input;
    input.words[FilterInput::kNumber] = range.last;
    input.words[FilterInput::kArch] = arch.arch;
    for (std::size_t word = 0; word < words.size(); ++word) {
      input.words[FilterInput::PlaceOf(word)] = words[word];
    }
    Require(AnswerOf(program, input) == rule.answer);
  }
}

}  // namespace

// Bytes are instructions. What the kernel would take ends, within the budget, and is understood.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  std::vector<FilterInstruction> instructions(size / sizeof(FilterInstruction));
  if (!instructions.empty()) {
    std::memcpy(instructions.data(), bytes, instructions.size() * sizeof(FilterInstruction));
  }
  const auto program = FilterProgram::Of(std::move(instructions));
  if (!program) return 0;
  WalkBudget budget = {.steps = 30'000};
  const FilterRules rules = RulesOf(*program, Machine::kX86_64, budget);
  for (const ArchRules& arch : rules.archs) {
    Require(arch.ranges.front().first == 0 && arch.ranges.back().last == ~0U);
    for (const ArchRules::Range& range : arch.ranges) RequireAgreement(*program, arch, range);
  }
  return 0;
}
