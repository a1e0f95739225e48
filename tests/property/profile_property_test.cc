// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <linux/seccomp.h>
#include <seccomp.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/seccomp/interpreter.h"
#include "agent/seccomp/profile.h"
#include "agent/seccomp/program.h"
#include "agent/seccomp/rules.h"
#include "agent/seccomp/walk.h"
#include "hullmark/result.h"
#include "hullmark/seccomp.h"
#include "hullmark/seccomp_profile.h"
#include "hullmark/syscalls.h"
#include "tests/property/random_filter.h"

// A profile that was made of a filter, made a filter of by libseccomp as a runtime does it, decides
// as the filter did, or says where it does not. A failure names its seed.
namespace hullmark::testing {
namespace {

constexpr std::uint64_t kFilters = 300;

const std::vector<std::string>& RuledCalls() {
  static const std::vector<std::string> kCalls = {"read",  "write",  "personality", "clone",
                                                  "ioctl", "socket", "kill",        "mount"};
  return kCalls;
}

int ComparisonOf(ProfileArgument::Operator is) {
  switch (is) {
    case ProfileArgument::Operator::kEqual:
      return SCMP_CMP_EQ;
    case ProfileArgument::Operator::kNotEqual:
      return SCMP_CMP_NE;
    case ProfileArgument::Operator::kMaskedEqual:
      return SCMP_CMP_MASKED_EQ;
    case ProfileArgument::Operator::kAbove:
      return SCMP_CMP_GT;
    case ProfileArgument::Operator::kAtMost:
      return SCMP_CMP_LE;
  }
  return SCMP_CMP_EQ;
}

// What a runtime asks libseccomp for.
RequestedFilter RequestOf(const SeccompProfile& profile) {
  RequestedFilter filter = {.otherwise = profile.default_answer,
                            .foreign = SECCOMP_RET_KILL_THREAD};
  for (const Abi abi : profile.abis) {
    if (abi != Abi::kX86_64) filter.foreign_abis.push_back(abi);
  }
  for (const SeccompProfile::Entry& entry : profile.entries) {
    for (const std::string_view call : entry.calls) {
      RequestedRule rule = {.call = std::string(call), .action = entry.rule.answer};
      for (const ProfileArgument& argument : entry.rule.when) {
        rule.arguments.push_back({.argument = argument.index,
                                  .comparison = ComparisonOf(argument.is),
                                  .mask = argument.mask,
                                  .value = argument.value});
      }
      filter.rules.push_back(rule);
    }
  }
  return filter;
}

std::optional<FilterProgram> ProgramOf(const RequestedFilter& filter) {
  const auto instructions = Compile(filter);
  if (!instructions) return std::nullopt;
  Result<FilterProgram> program = FilterProgram::Of(*instructions);
  if (!program) return std::nullopt;
  return *std::move(program);
}

// On the machine's own ABI.
bool Departs(const SeccompProfile& profile, std::string_view call) {
  return std::ranges::any_of(profile.departures, [&](const std::string& departure) {
    return departure.starts_with("as all others") && departure.find(call) != std::string::npos;
  });
}

TEST(ProfileOf, DecidesAsTheFilter) {
  std::size_t compared = 0, conditional = 0, departed = 0;
  for (std::uint64_t seed = 0; seed < kFilters; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const RequestedFilter asked = AnyFilter(random, RuledCalls());
    const auto program = ProgramOf(asked);
    if (!program) continue;
    WalkBudget budget = {.steps = 4'000'000};
    const SeccompProfile profile =
        ProfileOf(RulesOf(*program, Machine::kX86_64, budget), Machine::kX86_64);
    const auto again = ProgramOf(RequestOf(profile));
    ASSERT_TRUE(again) << "libseccomp refuses it";
    conditional += static_cast<std::size_t>(std::ranges::count_if(
        profile.entries, [](const auto& entry) { return !entry.rule.when.empty(); }));
    for (const std::string& call : RuledCalls()) {
      if (Departs(profile, call)) {
        ++departed;
        continue;
      }
      for (int sample = 0; sample < 40; ++sample) {
        FilterInput input = AnyArguments(random, asked);
        input.words[FilterInput::kNumber] = NumberOf(Abi::kX86_64, call).value_or(0);
        input.words[FilterInput::kArch] = AuditArchOf(Abi::kX86_64);
        ASSERT_EQ(AnswerOf(*again, input), AnswerOf(*program, input)) << call;
        ++compared;
      }
    }
  }
  EXPECT_GT(compared, 50'000U);
  EXPECT_GT(conditional, kFilters / 2);
  EXPECT_LT(departed, compared / 100) << "most filters can be said";
}

}  // namespace
}  // namespace hullmark::testing
