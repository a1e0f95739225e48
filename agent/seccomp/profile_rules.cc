// SPDX-License-Identifier: Apache-2.0
#include "agent/seccomp/profile_rules.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "agent/seccomp/argument_set.h"
#include "hullmark/seccomp.h"
#include "hullmark/seccomp_profile.h"

namespace hullmark {
namespace {

using Operator = ProfileArgument::Operator;

constexpr std::size_t kMostCallRules = 128;
constexpr std::size_t kArgumentWords = 12;
constexpr std::size_t kArguments = 6;
constexpr std::uint64_t kAllBits = std::numeric_limits<std::uint64_t>::max();
constexpr std::uint64_t kLowBits = std::numeric_limits<std::uint32_t>::max();

using Arguments = std::array<ArgumentSet, kArguments>;

// Values for each argument; nullopt: no profile has such.
std::optional<Arguments> ArgumentsOf(const CallRule& rule, ArgumentWidth width) {
  std::array<std::vector<WordTest>, kArguments> tests;
  for (const WordTest& test : rule.when) {
    if (test.word >= kArgumentWords) return std::nullopt;
    tests[test.word / 2U].push_back(test);
  }
  Arguments arguments;
  for (std::size_t index = 0; index < kArguments; ++index) {
    const auto set = ArgumentSet::Of(tests[index], width);
    if (!set) return std::nullopt;
    arguments[index] = *set;
  }
  return arguments;
}

// One for what two come to, where they differ in one argument at most.
std::optional<Arguments> Together(const Arguments& one, const Arguments& other) {
  Arguments both = one;
  std::size_t different = 0;
  for (std::size_t index = 0; index < kArguments; ++index) {
    if (one[index] == other[index]) continue;
    const auto set = one[index].With(other[index]);
    if (!set || ++different > 1) return std::nullopt;
    both[index] = *set;
  }
  return both;
}

// Puts together what can be, until nothing can.
void Shorten(std::vector<Arguments>& all) {
  for (std::size_t at = 0; at < all.size();) {
    std::size_t other = at + 1;
    std::optional<Arguments> both;
    while (other < all.size() && !(both = Together(all[at], all[other]))) ++other;
    if (!both) {
      ++at;
      continue;
    }
    all[at] = *both;
    all.erase(all.begin() + static_cast<std::ptrdiff_t>(other));
    at = 0;
  }
}

std::optional<std::vector<ProfileRule>> RulesOf(const Arguments& arguments, std::uint32_t answer) {
  ProfileRule all = {.answer = answer};
  std::vector<ProfileArgument> choices;
  for (std::size_t index = 0; index < kArguments; ++index) {
    if (arguments[index].IsAll()) continue;
    const auto conditions = arguments[index].Conditions(static_cast<std::uint8_t>(index));
    if (conditions.empty()) return std::nullopt;
    if (conditions.size() == 1) all.when.push_back(conditions.front());
    if (conditions.size() > 1 && !choices.empty()) return std::nullopt;
    if (conditions.size() > 1) choices = conditions;
  }
  if (choices.empty()) return std::vector{all};
  if (!all.when.empty()) return std::nullopt;
  std::vector<ProfileRule> rules;
  for (const ProfileArgument& choice : choices) {
    rules.push_back({.answer = answer, .when = {choice}});
  }
  return rules;
}

}  // namespace

std::optional<std::vector<ProfileRule>> ProfileRulesOf(const CallRules& rules, std::uint32_t rest,
                                                       ArgumentWidth width) {
  std::set<std::uint32_t> answers;
  for (const CallRule& rule : rules) {
    if (!rule.certain) return std::nullopt;
    answers.insert(rule.answer);
  }
  if (answers.size() == 1 && *answers.begin() != rest) {
    return std::vector<ProfileRule>{{.answer = *answers.begin()}};
  }
  answers.erase(rest);
  if (answers.empty()) return std::vector<ProfileRule>{};
  if (answers.size() != 1 || rules.size() > kMostCallRules) return std::nullopt;
  std::vector<Arguments> all;
  for (const CallRule& rule : rules) {
    if (rule.answer == rest) continue;
    const auto arguments = ArgumentsOf(rule, width);
    if (!arguments) return std::nullopt;
    if (std::ranges::none_of(*arguments, &ArgumentSet::IsEmpty)) all.push_back(*arguments);
  }
  if (all.empty()) return std::vector<ProfileRule>{};
  Shorten(all);
  if (all.size() != 1) return std::nullopt;
  return RulesOf(all.front(), *answers.begin());
}

std::vector<ProfileRule> Narrow(std::vector<ProfileRule> rules) {
  for (ProfileRule& rule : rules) {
    for (ProfileArgument& argument : rule.when) {
      if (argument.is != Operator::kMaskedEqual) continue;
      argument.mask &= kLowBits;
      argument.value &= kLowBits;
      if (argument.mask != kLowBits) continue;
      argument.is = Operator::kEqual;
      argument.mask = kAllBits;
    }
  }
  return rules;
}

}  // namespace hullmark
