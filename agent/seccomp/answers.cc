// SPDX-License-Identifier: Apache-2.0
#include "agent/seccomp/answers.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/seccomp/argument_set.h"
#include "agent/seccomp/profile_rules.h"
#include "hullmark/filter_report.h"
#include "hullmark/seccomp.h"
#include "hullmark/seccomp_profile.h"
#include "hullmark/syscalls.h"

namespace hullmark {
namespace {

constexpr std::uint32_t kNameless = 4095;  // No kernel has such a call.

std::string Hexadecimal(std::uint64_t number) {
  constexpr int kBase = 16;
  std::array<char, kBase> digits{};
  const auto written = std::to_chars(digits.data(), digits.data() + digits.size(), number, kBase);
  return "0x" + std::string(digits.data(), written.ptr);
}

std::string_view SignOf(ProfileArgument::Operator is) {
  switch (is) {
    case ProfileArgument::Operator::kEqual:
    case ProfileArgument::Operator::kMaskedEqual:
      return " = ";
    case ProfileArgument::Operator::kNotEqual:
      return " != ";
    case ProfileArgument::Operator::kAbove:
      return " > ";
    case ProfileArgument::Operator::kAtMost:
      return " <= ";
  }
  std::unreachable();
}

std::string ConditionOf(const ProfileArgument& argument) {
  std::string text = "arg" + std::to_string(argument.index);
  if (argument.is == ProfileArgument::Operator::kMaskedEqual) {
    text += " & " + Hexadecimal(argument.mask);
  }
  text += SignOf(argument.is);
  return text + Hexadecimal(argument.value);
}

std::string ConditionOf(const std::vector<ProfileArgument>& when) {
  std::string text;
  for (const ProfileArgument& argument : when) {
    if (!text.empty()) text += " and ";
    text += ConditionOf(argument);
  }
  return text;
}

// A test as the filter makes it: "high arg1 & 0x1 != 0x0".
std::string ConditionOf(const WordTest& test) {
  constexpr std::size_t kArgumentWords = 12;
  constexpr std::array<std::string_view, 4> kSigns = {" = ", " != ", " > ", " <= "};
  std::string text = test.word % 2 == 0 ? "low " : "high ";
  text += test.word < kArgumentWords ? "arg" + std::to_string(test.word / 2) : "address";
  if (test.mask != ~0U) text += " & " + Hexadecimal(test.mask);
  return text + std::string(kSigns[std::to_underlying(test.relation)]) + Hexadecimal(test.value);
}

std::string ConditionOf(const std::vector<WordTest>& when) {
  std::string text;
  for (const WordTest& test : when) {
    if (!text.empty()) text += " and ";
    text += ConditionOf(test);
  }
  return text;
}

// When a call is answered so; by what the filter tests where arguments as a whole do not tell.
AnswerCase CaseOf(const CallRules& rules, std::uint32_t answer, std::uint32_t rest,
                  ArgumentWidth width) {
  AnswerCase one = {.answer = ToText(answer)};
  CallRules either = rules;
  for (CallRule& rule : either) rule.answer = rule.answer == answer ? answer : rest;
  if (const auto conditions = ProfileRulesOf(either, rest, width)) {
    for (const ProfileRule& rule : *conditions) one.when.push_back(ConditionOf(rule.when));
    return one;
  }
  for (const CallRule& rule : rules) {
    if (rule.answer == answer) one.when.push_back(ConditionOf(rule.when));
  }
  return one;
}

CallAnswer AnswerOf(const CallRules& rules, Abi abi) {
  CallAnswer said;
  if (rules.empty() || !std::ranges::all_of(rules, &CallRule::certain)) {
    said.answer = "unknown";
    return said;
  }
  std::uint32_t rest = rules.front().answer;  // The strictest one holds otherwise.
  std::set<std::uint32_t> answers;
  for (const CallRule& rule : rules) {
    rest = StricterOf(rest, rule.answer);
    answers.insert(rule.answer);
  }
  if (answers.size() == 1) {
    said.answer = ToText(rest);
    return said;
  }
  said.answer = "conditional";
  answers.erase(rest);
  const auto width =
      abi == Abi::kI386 || abi == Abi::kArm ? ArgumentWidth::k32 : ArgumentWidth::k64;
  for (const std::uint32_t answer : answers) {
    said.cases.push_back(CaseOf(rules, answer, rest, width));
  }
  said.cases.push_back({.answer = ToText(rest)});
  return said;
}

}  // namespace

std::vector<AbiAnswers> AnswersOf(const FilterRules& rules, Machine machine) {
  std::vector<AbiAnswers> all;
  for (const Abi abi : AbisOf(machine)) {
    AbiAnswers answers = {.abi = abi};
    for (const std::string_view call : Calls()) {
      const auto number = NumberOf(abi, call);
      if (!number) continue;
      CallAnswer answer = AnswerOf(rules.At(abi, *number), abi);
      answer.call = call;
      answer.number = *number;
      answers.calls.push_back(std::move(answer));
    }
    const std::uint32_t bit = abi == Abi::kX32 ? kX32Bit : 0;
    answers.nameless = AnswerOf(rules.At(abi, kNameless | bit), abi).answer;
    all.push_back(std::move(answers));
  }
  return all;
}

}  // namespace hullmark
