// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <linux/seccomp.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/seccomp/interpreter.h"
#include "agent/seccomp/program.h"
#include "agent/seccomp/rules.h"
#include "agent/seccomp/walk.h"
#include "hullmark/result.h"
#include "hullmark/seccomp.h"
#include "hullmark/syscalls.h"
#include "tests/property/random_filter.h"

// Three who must agree on what a filter does: our interpreter, our rules, and the one who asked
// libseccomp for it. A failure names its seed.
namespace hullmark::testing {
namespace {

constexpr std::uint64_t kFilters = 1'000;
constexpr std::size_t kEnough = 4'000'000;  // Steps.

const std::vector<std::string>& RuledCalls() {
  static const std::vector<std::string> kCalls = {
      "read",  "write",  "open",  "close", "mmap",   "clone",    "unshare",
      "ioctl", "fcntl",  "prctl", "kill",  "mount",  "execve",   "openat",
      "chmod", "ptrace", "setns", "bpf",   "clone3", "fchmodat", "keyctl"};
  return kCalls;
}

FilterInput InputOf(std::uint32_t arch, std::uint32_t number,
                    const std::vector<std::uint32_t>& words) {
  FilterInput input;
  input.words[FilterInput::kNumber] = number;
  input.words[FilterInput::kArch] = arch;
  for (std::size_t word = 0; word < words.size(); ++word)
    input.words[FilterInput::PlaceOf(word)] = words[word];
  return input;
}

bool Fits(const CallRule& rule, const FilterInput& input) {
  return std::ranges::all_of(rule.when, [&](const WordTest& test) {
    return Holds(test, input.words[FilterInput::PlaceOf(test.word)]);
  });
}

// Each rule has an example, which the interpreter answers as the rule says.
void ExpectExamplesToAgree(const FilterProgram& program, const ArchRules& arch) {
  for (const ArchRules::Range& range : arch.ranges) {
    for (const std::uint32_t number : {range.first, range.last}) {
      for (const CallRule& rule : arch.distinct[range.row]) {
        ASSERT_TRUE(rule.certain);
        const std::vector<std::uint32_t> words = Example(rule.when);
        ASSERT_FALSE(words.empty()) << number;
        ASSERT_EQ(AnswerOf(program, InputOf(arch.arch, number, words)), rule.answer) << number;
      }
    }
  }
}

// Of all rules of a call, the one that fits gives the interpreter's answer.
void ExpectOneRule(const FilterProgram& program, const CallRules& rules, const FilterInput& input) {
  const std::uint32_t answer = AnswerOf(program, input);
  const auto fitting =
      std::ranges::count_if(rules, [&](const CallRule& rule) { return Fits(rule, input); });
  ASSERT_EQ(fitting, 1);
  const auto rule =
      std::ranges::find_if(rules, [&](const CallRule& each) { return Fits(each, input); });
  ASSERT_EQ(rule->answer, answer);
}

void ExpectTheRequested(const RequestedFilter& filter, const FilterProgram& program,
                        const ArchRules& rules, Random& random) {
  for (const std::string& call : RuledCalls()) {
    const std::uint32_t number = NumberOf(Abi::kX86_64, call).value_or(0);
    for (int sample = 0; sample < 6; ++sample) {
      FilterInput input = AnyArguments(random, filter);
      input.words[FilterInput::kNumber] = number;
      input.words[FilterInput::kArch] = rules.arch;
      ASSERT_EQ(AnswerOf(program, input), Requested(filter, call, input)) << call;
      ExpectOneRule(program, rules.At(number), input);
    }
  }
}

// The kernel's shortcut for calls that are always allowed is one of ours too.
void ExpectCacheToAgree(const FilterProgram& program, const ArchRules& arch) {
  const CallRules always = {{.answer = SECCOMP_RET_ALLOW}};
  for (std::uint32_t number = 0; number < 512; ++number) {
    if (IsCachedAsAllowed(program, arch.arch, number)) ASSERT_EQ(arch.At(number), always) << number;
  }
}

FilterProgram Checked(std::vector<FilterInstruction> instructions) {
  Result<FilterProgram> program = FilterProgram::Of(std::move(instructions));
  EXPECT_TRUE(program) << (program ? "" : program.error().message);
  return *std::move(program);
}

TEST(LibseccompFilters, AreUnderstood) {
  std::size_t conditional = 0, refused = 0;
  for (std::uint64_t seed = 0; seed < kFilters; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const RequestedFilter filter = AnyFilter(random, RuledCalls());
    const auto instructions = Compile(filter);
    if (!instructions) {
      ++refused;
      continue;
    }
    const FilterProgram program = Checked(*instructions);
    WalkBudget budget = {.steps = kEnough};
    const FilterRules rules = RulesOf(program, Machine::kX86_64, budget);
    for (const ArchRules& arch : rules.archs) {
      ExpectExamplesToAgree(program, arch);
      ExpectCacheToAgree(program, arch);
      conditional += static_cast<std::size_t>(std::ranges::count_if(
          arch.distinct, [](const CallRules& each) { return each.size() > 1; }));
    }
    ExpectTheRequested(filter, program, rules.archs.front(), random);
    if (HasFatalFailure()) return;
  }
  EXPECT_LT(refused, kFilters / 10);
  EXPECT_GT(conditional, kFilters) << "hardly any filter asked for arguments";
}

// Of two filters the kernel takes the stricter answer.
TEST(LibseccompFilters, AreUnderstoodTogether) {
  for (std::uint64_t seed = 0; seed < kFilters / 10; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const RequestedFilter filter = AnyFilter(random, RuledCalls());
    const auto first = Compile(filter);
    const auto second = Compile(AnyFilter(random, RuledCalls()));
    if (!first || !second) continue;
    const FilterProgram newer = Checked(*first);
    const FilterProgram older = Checked(*second);
    WalkBudget budget = {.steps = kEnough};
    const FilterRules rules = Together(RulesOf(newer, Machine::kX86_64, budget),
                                       RulesOf(older, Machine::kX86_64, budget));
    for (int sample = 0; sample < 100; ++sample) {
      FilterInput input = AnyArguments(random, filter);
      const std::uint32_t number =
          NumberOf(Abi::kX86_64, RuledCalls()[random() % RuledCalls().size()]).value_or(0);
      input.words[FilterInput::kNumber] = number;
      input.words[FilterInput::kArch] = AuditArchOf(Abi::kX86_64);
      const std::uint32_t answer = StricterOf(AnswerOf(newer, input), AnswerOf(older, input));
      const CallRules& of_call = rules.At(Abi::kX86_64, number);
      const auto rule =
          std::ranges::find_if(of_call, [&](const CallRule& each) { return Fits(each, input); });
      ASSERT_NE(rule, of_call.end());
      ASSERT_EQ(rule->answer, answer);
    }
  }
}

bool Reaches(std::uint32_t answer) { return ActionOf(answer) > FilterAction::kNotify; }

// Programs of no sense, which compute: what the rules say for certain is so, and what they say to
// be possible holds what is.
TEST(AnyProgram, IsNotMisunderstood) {
  std::size_t certain = 0, uncertain = 0;
  for (std::uint64_t seed = 0; seed < kFilters; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const FilterProgram program = Checked(AnyProgram(random));
    WalkBudget budget = {.steps = 20'000};
    const FilterRules rules = RulesOf(program, Machine::kX86_64, budget);
    for (int sample = 0; sample < 30; ++sample) {
      FilterInput input = AnyArguments(random, {});
      const auto number = static_cast<std::uint32_t>(random() % 500);
      input.words[FilterInput::kNumber] = number;
      input.words[FilterInput::kArch] = AuditArchOf(Abi::kX86_64);
      const std::uint32_t answer = AnswerOf(program, input);
      const CallRules& of_call = rules.At(Abi::kX86_64, number);
      std::size_t fitting = 0;
      bool possible = false;
      for (const CallRule& rule : of_call) {
        if (!Fits(rule, input)) continue;
        ++fitting;
        (rule.certain ? certain : uncertain) += 1;
        if (rule.certain) ASSERT_EQ(rule.answer, answer) << number;
        possible = possible || Reaches(rule.answer) == Reaches(answer);
      }
      ASSERT_GE(fitting, 1U) << number;
      ASSERT_TRUE(possible) << number;
    }
    if (HasFatalFailure()) return;
  }
  EXPECT_GT(certain, uncertain);
}

}  // namespace
}  // namespace hullmark::testing
