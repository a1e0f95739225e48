// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "agent/seccomp/interpreter.h"
#include "hullmark/seccomp.h"
#include "hullmark/syscalls.h"

// Filters as people write them with libseccomp(3), and what they asked for.
namespace hullmark::testing {

using Random = std::mt19937_64;

// An argument's comparison: SCMP_CMP_* of libseccomp.
struct ArgumentRule {
  int argument = 0;
  int comparison = 0;
  std::uint64_t mask = 0;  // Of a masked one.
  std::uint64_t value = 0;
};

struct RequestedRule {
  std::string call{};
  std::uint32_t action = 0;  // SECCOMP_RET_*; the same for all rules of a call.
  std::vector<ArgumentRule> arguments{};
};

struct RequestedFilter {
  std::uint32_t otherwise = 0;      // The action of calls without a rule that fits.
  std::uint32_t foreign = 0;        // Of architectures that are not listed.
  std::vector<Abi> foreign_abis{};  // Listed besides x86_64.
  int optimize = 1;                 // 2: a binary tree.
  std::vector<RequestedRule> rules{};
};

// Rules are about `calls`.
RequestedFilter AnyFilter(Random& random, const std::vector<std::string>& calls);

// The program that libseccomp makes of it, or nullopt where it refuses to.
std::optional<std::vector<FilterInstruction>> Compile(const RequestedFilter& filter);

// What was asked for a call on x86_64.
std::uint32_t Requested(const RequestedFilter& filter, const std::string& call,
                        const FilterInput& input);

// Arguments near those that the filter asks for.
FilterInput AnyArguments(Random& random, const RequestedFilter& filter);

// A program of no sense that the kernel takes.
std::vector<FilterInstruction> AnyProgram(Random& random);

}  // namespace hullmark::testing
