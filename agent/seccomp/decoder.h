// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "agent/seccomp/program.h"
#include "hullmark/result.h"
#include "hullmark/seccomp.h"
#include "hullmark/snapshot.h"
#include "hullmark/syscalls.h"

namespace hullmark {

// Makes the rules of seccomp filters, of each distinct program once. What a Snapshot still had is
// remembered for the next one.
class FilterDecoder {
 public:
  // How much may be followed for one program, and for one Snapshot: a step takes some 20 ns.
  struct Bounds {
    std::size_t steps_of_program = 4'000'000;
    std::size_t steps_of_all = 40'000'000;
  };

  FilterDecoder() = default;
  explicit FilterDecoder(const Bounds& bounds) : bounds_(bounds) {}

  // Fills SeccompFilters::rules.
  void Decode(Snapshot& snapshot);

  // Programs that were followed for the last Snapshot: the others were known.
  std::size_t followed() const { return followed_; }

 private:
  using Rules = Fact<std::shared_ptr<const FilterRules>>;
  struct KnownProgram {
    std::optional<FilterProgram> program{};  // nullopt: the kernel would not have taken it.
    std::shared_ptr<const FilterRules> rules{};
  };
  using Code = std::vector<std::uint64_t>;
  using Programs = std::map<Code, std::shared_ptr<const KnownProgram>>;
  // What rules are made of: the programs, which live as long, and the kernel's notes.
  struct Stack {
    std::vector<std::shared_ptr<const KnownProgram>> programs{};
    PermittedNumbers permitted{}, permitted_compat{};

    friend auto operator<=>(const Stack&, const Stack&) = default;
  };
  using Stacks = std::map<Stack, Rules>;

  std::shared_ptr<const KnownProgram> Follow(const Code& code, Machine machine);
  Rules RulesOf(const SeccompFilters& filters, const Snapshot& snapshot, Machine machine);
  Rules Combine(const Stack& stack, Machine machine);

  Bounds bounds_;
  Programs programs_, last_programs_;  // Of this Snapshot, and of the one before.
  Stacks stacks_, last_stacks_;
  std::size_t steps_left_ = 0;
  std::size_t followed_ = 0;
};

}  // namespace hullmark
