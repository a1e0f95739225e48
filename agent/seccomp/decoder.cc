// SPDX-License-Identifier: Apache-2.0
#include "agent/seccomp/decoder.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "agent/seccomp/notes.h"
#include "agent/seccomp/program.h"
#include "agent/seccomp/rules.h"
#include "agent/seccomp/walk.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "hullmark/seccomp.h"
#include "hullmark/snapshot.h"
#include "hullmark/syscalls.h"

namespace hullmark {
namespace {

std::optional<FilterProgram> ProgramOf(const std::vector<std::uint64_t>& code) {
  std::vector<FilterInstruction> instructions;
  std::ranges::transform(code, std::back_inserter(instructions), ToInstruction);
  Result<FilterProgram> program = FilterProgram::Of(std::move(instructions));
  if (!program) return std::nullopt;
  return *std::move(program);
}

// The value of `key`, of those of this Snapshot or else of the one before, which gives it away.
template <typename Key, typename Value>
const Value* Find(std::map<Key, Value>& known, std::map<Key, Value>& last, const Key& key) {
  if (const auto found = known.find(key); found != known.end()) return &found->second;
  auto node = last.extract(key);
  if (node.empty()) return nullptr;
  return &known.insert(std::move(node)).position->second;
}

bool Agree(std::span<const FilterProgram* const> programs, std::uint32_t arch,
           const PermittedNumbers& permitted) {
  return permitted.empty() || !FirstDisagreement(programs, arch, permitted);
}

}  // namespace

// nullptr: it would take too long, this time.
std::shared_ptr<const FilterDecoder::KnownProgram> FilterDecoder::Follow(const Code& code,
                                                                         Machine machine) {
  if (const auto* const known = Find(programs_, last_programs_, code)) return *known;
  KnownProgram program = {.program = ProgramOf(code)};
  if (program.program) {
    WalkBudget budget = {.steps = bounds_.steps_of_program};
    if (steps_left_ < budget.steps) return nullptr;
    program.rules =
        std::make_shared<const FilterRules>(hullmark::RulesOf(*program.program, machine, budget));
    steps_left_ -= bounds_.steps_of_program - budget.steps;
    ++followed_;
  }
  return programs_.emplace(code, std::make_shared<const KnownProgram>(std::move(program)))
      .first->second;
}

FilterDecoder::Rules FilterDecoder::Combine(const Stack& stack, Machine machine) {
  const std::uint32_t native = AuditArchOf(AbisOf(machine).front());
  std::vector<const FilterProgram*> programs;
  std::optional<FilterRules> rules;
  for (const auto& each : stack.programs) {
    if (!each->program) return Missing(ErrorCode::kMalformed);
    programs.push_back(&*each->program);
    rules = rules ? Together(*rules, *each->rules) : *each->rules;
  }
  if (!rules || !Agree(programs, native, stack.permitted) ||
      !Agree(programs, CompatArchOf(machine), stack.permitted_compat)) {
    return Missing(ErrorCode::kMalformed);
  }
  return std::make_shared<const FilterRules>(*std::move(rules));
}

FilterDecoder::Rules FilterDecoder::RulesOf(const SeccompFilters& filters, const Snapshot& snapshot,
                                            Machine machine) {
  const PermittedNumbers none;
  Stack stack = {.permitted = filters.permitted.value_or(none),
                 .permitted_compat = filters.permitted_compat.value_or(none)};
  if (!filters.programs) {
    if (!filters.permitted) return std::unexpected(filters.programs.error());
    return std::make_shared<const FilterRules>(
        FilterRules{.archs = {RulesOfNotes(AuditArchOf(AbisOf(machine).front()), stack.permitted),
                              RulesOfNotes(CompatArchOf(machine), stack.permitted_compat)}});
  }
  for (const SeccompProgramIndex at : *filters.programs) {
    const auto& row = snapshot.seccomp_programs[static_cast<std::size_t>(at)];
    auto program = Follow(row.instructions, machine);
    if (!program) return Missing(ErrorCode::kTruncated);
    stack.programs.push_back(std::move(program));
  }
  if (const Rules* const known = Find(stacks_, last_stacks_, stack)) return *known;
  Rules rules = Combine(stack, machine);
  return stacks_.emplace(std::move(stack), std::move(rules)).first->second;
}

void FilterDecoder::Decode(Snapshot& snapshot) {
  steps_left_ = bounds_.steps_of_all;
  followed_ = 0;
  const std::optional<Machine> machine = snapshot.host.machine;
  for (SeccompFilters& filters : snapshot.seccomp_filters) {
    filters.rules =
        machine ? RulesOf(filters, snapshot, *machine) : Missing(ErrorCode::kUnsupported);
  }
  last_programs_ = std::exchange(programs_, {});
  last_stacks_ = std::exchange(stacks_, {});
}

}  // namespace hullmark
