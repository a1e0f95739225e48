// SPDX-License-Identifier: Apache-2.0
#include "agent/benchmark/call_params.h"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "agent/benchmark/fields.h"
#include "agent/benchmark/params.h"
#include "agent/benchmark/yaml_tree.h"
#include "hullmark/call_groups.h"
#include "hullmark/seccomp.h"
#include "hullmark/severity.h"
#include "hullmark/syscalls.h"

namespace hullmark {
namespace {

using Relation = WordTest::Relation;

constexpr int kArguments = 6;

std::string_view Trim(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

// "38" or "0x26"
template <typename Number>
std::optional<Number> ParseNumber(std::string_view text) {
  constexpr int kHexadecimal = 16;
  constexpr int kDecimal = 10;
  const bool hexadecimal = text.starts_with("0x");
  if (hexadecimal) text.remove_prefix(2);
  Number number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number,
                                            hexadecimal ? kHexadecimal : kDecimal);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// "38, 40"
std::optional<std::vector<std::uint32_t>> ParseNumbers(std::string_view text) {
  std::vector<std::uint32_t> numbers;
  while (true) {
    const std::size_t comma = text.find(',');
    const auto number = ParseNumber<std::uint32_t>(Trim(text.substr(0, comma)));
    if (!number) return std::nullopt;
    numbers.push_back(*number);
    if (comma == std::string_view::npos) return numbers;
    text.remove_prefix(comma + 1);
  }
}

// "arg0 & 0x7e020000" as alternatives; empty: it is no condition.
std::vector<std::vector<WordTest>> ParseCondition(std::string_view text) {
  constexpr std::string_view kArgument = "arg";
  if (!text.starts_with(kArgument) || text.size() <= kArgument.size()) return {};
  const int argument = text[kArgument.size()] - '0';
  if (argument < 0 || argument >= kArguments) return {};
  text = Trim(text.substr(kArgument.size() + 1));
  const std::size_t space = text.find(' ');
  const std::string_view relation = text.substr(0, space);
  const auto numbers =
      space == std::string_view::npos ? std::nullopt : ParseNumbers(text.substr(space));
  if (!numbers) return {};
  const WordTest test = {.word = LowWord(argument)};
  std::vector<std::vector<WordTest>> when;
  for (const std::uint32_t number : *numbers) {
    WordTest one = test;
    one.value = number;
    if (relation == "=") {
      when.push_back({one});
    } else if (relation == "!=") {
      when.resize(1);
      when.front().push_back(Opposite(one));
    } else if (relation == "&" && numbers->size() == 1) {
      when.push_back({{.word = one.word, .relation = Relation::kNotEqual, .mask = number}});
    }
  }
  return when;
}

// "kernel/modules_disabled = 1"
std::optional<SwitchedOff> ParseSwitch(std::string_view text) {
  constexpr std::string_view kIs = " = ";
  const std::size_t is = text.find(kIs);
  if (is == std::string_view::npos || is == 0) return std::nullopt;
  const auto value = ParseNumber<std::int64_t>(text.substr(is + kIs.size()));
  if (!value) return std::nullopt;
  return SwitchedOff{.setting = std::string(text.substr(0, is)), .value = *value};
}

std::vector<CallUse> ReadCallUses(const YamlNode* node, FieldReader& reading) {
  std::vector<CallUse> uses;
  for (const YamlNode& item : ReadItems(node, reading)) {
    auto use = ParseCallUse(item.text);
    if (use) {
      uses.push_back(*std::move(use));
    } else {
      reading.Complain(item.line, Quoted(item.text) + " is no system call");
    }
  }
  if (node != nullptr && uses.empty()) reading.Complain(node->line, "'calls' is empty");
  return uses;
}

std::vector<SwitchedOff> ReadSwitches(const YamlNode* node, FieldReader& reading) {
  std::vector<SwitchedOff> switches;
  if (node == nullptr) return switches;
  for (const YamlNode& item : ReadItems(node, reading)) {
    auto one = ParseSwitch(item.text);
    if (one) {
      switches.push_back(*std::move(one));
    } else {
      reading.Complain(item.line, Quoted(item.text) + " is no setting (kernel/name = 1)");
    }
  }
  return switches;
}

CallNeeds ReadNeeds(Fields& fields, FieldReader& reading) {
  CallNeeds needs;
  if (const YamlNode* const caps = fields.TakeOptional("needs")) {
    needs.any = ReadCaps(*caps, reading);
  }
  if (const YamlNode* const any = fields.TakeOptional("user_namespace")) {
    needs.user_namespace = ReadBool(any, reading);
  }
  return needs;
}

// What both have: their name, and a level that no other may stand in for.
template <typename T>
T ReadNamed(Fields& fields, FieldReader& reading) {
  T one;
  one.name = ReadText(fields.Take("name"), reading);
  one.level = ReadLevel(fields.Take("level"), reading);
  one.needs = ReadNeeds(fields, reading);
  one.calls = ReadCallUses(fields.Take("calls"), reading);
  return one;
}

}  // namespace

std::optional<CallUse> ParseCallUse(std::string_view text) {
  const std::size_t space = text.find(' ');
  CallUse use = {.text = std::string(text), .call = std::string(text.substr(0, space))};
  if (!std::ranges::binary_search(Calls(), std::string_view(use.call))) return std::nullopt;
  if (space == std::string_view::npos) return use;
  use.when = ParseCondition(Trim(text.substr(space)));
  if (use.when.empty()) return std::nullopt;
  return use;
}

std::vector<CallGroup> ReadCallGroups(const YamlNode& node, FieldReader& reading) {
  std::vector<CallGroup> groups;
  for (const YamlNode& item : ReadItems(&node, reading)) {
    Fields fields(&item, reading);
    auto group = ReadNamed<CallGroup>(fields, reading);
    group.reason = ReadText(fields.Take("reason"), reading);
    group.off = ReadSwitches(fields.TakeOptional("off"), reading);
    fields.RefuseOthers();
    groups.push_back(std::move(group));
  }
  return groups;
}

std::vector<CallFamily> ReadCallFamilies(const YamlNode& node, FieldReader& reading) {
  std::vector<CallFamily> families;
  for (const YamlNode& item : ReadItems(&node, reading)) {
    Fields fields(&item, reading);
    auto family = ReadNamed<CallFamily>(fields, reading);
    if (const YamlNode* const ring = fields.TakeOptional("io_uring")) {
      family.io_uring = ReadBool(ring, reading);
    }
    if (const YamlNode* const newer = fields.TakeOptional("newer")) {
      family.newer = ReadCallUses(newer, reading);
    }
    fields.RefuseOthers();
    families.push_back(std::move(family));
  }
  return families;
}

}  // namespace hullmark
