// SPDX-License-Identifier: Apache-2.0
#include "agent/benchmark/params.h"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "agent/benchmark/call_params.h"
#include "agent/benchmark/fields.h"
#include "agent/benchmark/yaml_tree.h"
#include "hullmark/caps.h"
#include "hullmark/check.h"
#include "hullmark/glob.h"
#include "hullmark/limits.h"
#include "hullmark/severity.h"

namespace hullmark {
namespace {

constexpr std::string_view kReadOnly = " ro";

std::vector<std::int64_t> ReadIntegers(const YamlNode& node, FieldReader& reading) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  std::vector<std::int64_t> integers;
  for (const YamlNode& item : ReadItems(&node, reading)) {
    integers.push_back(ReadInteger(&item, -kMost, kMost, reading));
  }
  return integers;
}

Glob ReadGlob(std::string_view pattern, int line, FieldReader& reading) {
  if (!pattern.starts_with('/')) {
    reading.Complain(line, Quoted(pattern) + " is no absolute path");
  }
  return Glob(pattern);
}

std::vector<Glob> ReadGlobs(const YamlNode& node, FieldReader& reading) {
  std::vector<Glob> globs;
  for (const std::string& pattern : ReadTexts(&node, reading)) {
    globs.push_back(ReadGlob(pattern, node.line, reading));
  }
  return globs;
}

std::vector<MountRule> ReadMountRules(const YamlNode& node, FieldReader& reading) {
  std::vector<MountRule> rules;
  for (std::string_view pattern : ReadTexts(&node, reading)) {
    const bool read_only = pattern.ends_with(kReadOnly);
    if (read_only) pattern.remove_suffix(kReadOnly.size());
    rules.push_back({.path = ReadGlob(pattern, node.line, reading), .read_only = read_only});
  }
  return rules;
}

// "136" or "*"; false when `text` is neither.
bool ParseDeviceField(std::string_view text, std::optional<std::uint32_t>& number) {
  if (text == "*") return true;
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  number = value;
  return error == std::errc{} && end == text.data() + text.size();
}

// "c 1:3" (which means rwm), "c 136:* rw", "a *:* rwm".
std::optional<DeviceRule> ParseDevice(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (text.size() < 2 || !std::string_view("abc").contains(text[0]) || text[1] != ' ') return {};
  if (colon == std::string_view::npos) return {};
  const std::size_t space = text.find(' ', colon);
  DeviceRule rule;
  rule.type = text[0];
  if (!ParseDeviceField(text.substr(2, colon - 2), rule.major)) return {};
  if (!ParseDeviceField(text.substr(colon + 1, space - colon - 1), rule.minor)) return {};
  const std::string_view access =
      space == std::string_view::npos ? std::string_view("rwm") : text.substr(space + 1);
  if (access.empty() || access.find_first_not_of("rwm") != std::string_view::npos) return {};
  rule.read = access.contains('r');
  rule.write = access.contains('w');
  rule.make = access.contains('m');
  return rule;
}

std::vector<DeviceRule> ReadDevices(const YamlNode& node, FieldReader& reading) {
  std::vector<DeviceRule> rules;
  for (const std::string& text : ReadTexts(&node, reading)) {
    const std::optional<DeviceRule> rule = ParseDevice(text);
    if (!rule) reading.Complain(node.line, Quoted(text) + " is no device rule (c 1:3 rwm)");
    rules.push_back(rule.value_or(DeviceRule{}));
  }
  return rules;
}

// "one, two or three"
std::string Enumerate(std::span<const std::string_view> words) {
  std::string text;
  for (std::size_t at = 0; at < words.size(); ++at) {
    if (at > 0) text += at + 1 == words.size() ? " or " : ", ";
    text += words[at];
  }
  return text;
}

// A word that no check knows would judge nothing and look like a control that is kept.
std::vector<std::string> ReadWords(const YamlNode& node, std::span<const std::string_view> words,
                                   FieldReader& reading) {
  std::vector<std::string> texts = ReadTexts(&node, reading);
  for (const YamlNode& item : ReadItems(&node, reading)) {
    if (words.empty() || std::ranges::find(words, item.text) != words.end()) continue;
    reading.Complain(item.line, Quoted(item.text) + " is none of " + Enumerate(words));
  }
  return texts;
}

bool IsVersion(std::string_view text) {
  const auto is_number = [](std::string_view part) {
    return !part.empty() && part.size() <= 4 &&
           part.find_first_not_of("0123456789") == std::string_view::npos;
  };
  const std::size_t dot = text.find('.');
  return dot != std::string_view::npos && is_number(text.substr(0, dot)) &&
         is_number(text.substr(dot + 1));
}

std::vector<std::string> ReadVersions(const YamlNode& node, FieldReader& reading) {
  std::vector<std::string> versions = ReadTexts(&node, reading);
  for (const YamlNode& item : ReadItems(&node, reading)) {
    if (!IsVersion(item.text)) {
      reading.Complain(item.line, Quoted(item.text) + " is no version like 4.18");
    }
  }
  return versions;
}

}  // namespace

CapSet ReadCaps(const YamlNode& node, FieldReader& reading) {
  CapSet caps;
  for (const YamlNode& item : ReadItems(&node, reading)) {
    const std::optional<Cap> cap = CapOfName(item.text);
    if (!cap) {
      reading.Complain(item.line, Quoted(item.text) + " is no capability");
    } else if (caps.Has(*cap)) {
      reading.Complain(item.line, Quoted(item.text) + " repeated");
    } else {
      caps = caps | CapSet{*cap};
    }
  }
  return caps;
}

Severity ReadLevel(const YamlNode* node, FieldReader& reading) {
  const std::string word = ReadText(node, reading);
  const std::optional<Severity> level = SeverityOfName(word);
  if (!level && node != nullptr) reading.Complain(node->line, Quoted(word) + " is no severity");
  return level.value_or(Severity::kInfo);
}

ParamValue ReadParam(const YamlNode& node, const ParamSpec& spec, FieldReader& reading) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  switch (spec.type) {
    case ParamType::kBool:
      return ReadBool(&node, reading);
    case ParamType::kInteger:
      return ReadInteger(&node, -kMost, kMost, reading);
    case ParamType::kFraction:
      return ReadFraction(&node, reading);
    case ParamType::kCaps:
      return ReadCaps(node, reading);
    case ParamType::kStrings:
      return ReadWords(node, spec.words, reading);
    case ParamType::kVersions:
      return ReadVersions(node, reading);
    case ParamType::kIntegers:
      return ReadIntegers(node, reading);
    case ParamType::kGlobs:
      return ReadGlobs(node, reading);
    case ParamType::kMountRules:
      return ReadMountRules(node, reading);
    case ParamType::kDevices:
      return ReadDevices(node, reading);
    case ParamType::kSeverity:
      return ReadLevel(&node, reading);
    case ParamType::kCallGroups:
      return ReadCallGroups(node, reading);
    case ParamType::kCallFamilies:
      return ReadCallFamilies(node, reading);
  }
  std::unreachable();
}

Params ReadParams(const YamlNode* node, int line, std::span<const ParamSpec> specs,
                  FieldReader& reading) {
  if (node == nullptr && !specs.empty()) reading.Complain(line, "'params' is missing");
  Fields fields(node, reading);
  std::vector<ParamValue> values;
  values.reserve(specs.size());
  for (const ParamSpec& spec : specs) {
    const YamlNode* value = fields.Take(spec.name);
    if (value != nullptr) values.push_back(ReadParam(*value, spec, reading));
  }
  fields.RefuseOthers();
  return Params(std::move(values));
}

}  // namespace hullmark
