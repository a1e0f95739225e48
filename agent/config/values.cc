// SPDX-License-Identifier: Apache-2.0
#include "agent/config/values.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/benchmark/fields.h"
#include "agent/benchmark/yaml_tree.h"
#include "agent/config/units.h"
#include "hullmark/check.h"
#include "hullmark/glob.h"
#include "hullmark/ids.h"
#include "hullmark/selector.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

constexpr std::size_t kMostPatterns = 256;

bool IsScalar(const YamlNode& node) {
  return node.kind == YamlKind::kPlain || node.kind == YamlKind::kQuoted;
}

std::string Called(const YamlNode& node) { return node.key.empty() ? "an item" : Quoted(node.key); }

std::string DurationText(std::chrono::milliseconds time) {
  const auto count = time.count();
  if (count % 3'600'000 == 0) return std::to_string(count / 3'600'000) + "h";
  if (count % 1000 == 0) return std::to_string(count / 1000) + "s";
  return std::to_string(count) + "ms";
}

std::string SizeText(std::uint64_t bytes) {
  constexpr std::array<std::string_view, 4> kUnits = {"KiB", "MiB", "GiB", "TiB"};
  std::string_view unit = "B";
  for (std::size_t at = 0; at < kUnits.size() && bytes != 0 && bytes % 1024 == 0; ++at) {
    bytes /= 1024;
    unit = kUnits[at];
  }
  return std::to_string(bytes) + std::string(unit);
}

// What a glob cannot match is a slip, not a wish: braces that do not close, an empty pattern.
Glob ReadPattern(const YamlNode& node, const std::string& text, FieldReader& reading) {
  if (std::ranges::count(text, '{') != std::ranges::count(text, '}')) {
    reading.Complain(node.line, Quoted(text) + " has a brace without its other");
  }
  return Glob(text);
}

std::vector<Glob> ReadPatterns(const YamlNode* node, FieldReader& reading) {
  std::vector<Glob> patterns;
  for (const std::string& text : ReadOneOrMore(node, reading)) {
    patterns.push_back(ReadPattern(*node, text, reading));
  }
  if (node != nullptr && patterns.size() > kMostPatterns) {
    reading.Complain(node->line, Quoted(node->key) + " has more than 256 patterns");
  }
  return patterns;
}

// Runtimes and classes are words of ours: a pattern that matches none of them would match nobody.
template <typename OfName>
void RefuseStrangers(const YamlNode* node, const std::vector<Glob>& patterns, const OfName& of_name,
                     FieldReader& reading) {
  for (const Glob& pattern : patterns) {
    const bool literal = pattern.pattern().find_first_of("*?{") == std::string::npos;
    if (!literal || of_name(pattern.pattern())) continue;
    reading.Complain(node->line, Quoted(pattern.pattern()) + " is no " + node->key);
  }
}

std::map<std::string, Glob> ReadLabels(const YamlNode* node, FieldReader& reading) {
  std::map<std::string, Glob> labels;
  if (node == nullptr) return labels;
  const Fields fields(node, reading);
  if (node->kind != YamlKind::kMapping) return labels;
  if (node->children.empty()) reading.Complain(node->line, "'label' is empty: leave it out");
  if (node->children.size() > kMostPatterns) {
    reading.Complain(node->line, "'label' has more than 256 keys");
  }
  for (const YamlNode& child : node->children) {
    labels.emplace(child.key, ReadPattern(child, ReadText(&child, reading), reading));
  }
  return labels;
}

}  // namespace

std::size_t ReadWord(const YamlNode* node, std::span<const std::string_view> words,
                     FieldReader& reading) {
  if (node == nullptr) return 0;
  const auto at = std::ranges::find(words, node->text);
  if (IsScalar(*node) && at != words.end()) return static_cast<std::size_t>(at - words.begin());
  std::string list;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) list += i + 1 == words.size() ? " or " : ", ";
    list += words[i];
  }
  reading.Complain(node->line, Called(*node) + " must be " + list);
  return 0;
}

std::string ReadPath(const YamlNode* node, FieldReader& reading) {
  const std::string path = ReadText(node, reading);
  if (node != nullptr && !path.starts_with('/')) {
    reading.Complain(node->line, Called(*node) + " must be an absolute path");
  }
  return path;
}

std::string ReadPathOrNone(const YamlNode* node, FieldReader& reading) {
  const bool none = node == nullptr || (node->kind == YamlKind::kQuoted && node->text.empty());
  return none ? "" : ReadPath(node, reading);
}

std::chrono::milliseconds ReadDuration(const YamlNode* node, std::chrono::milliseconds least,
                                       std::chrono::milliseconds most, FieldReader& reading) {
  if (node == nullptr) return least;
  const auto time = IsScalar(*node) ? ParseDuration(node->text) : std::nullopt;
  if (time && *time >= least && *time <= most) return *time;
  reading.Complain(node->line, Called(*node) +
                                   " must be a time like 500ms, 15s, 10m or 24h, from " +
                                   DurationText(least) + " to " + DurationText(most));
  return least;
}

std::uint64_t ReadSize(const YamlNode* node, std::uint64_t least, std::uint64_t most,
                       FieldReader& reading) {
  if (node == nullptr) return least;
  const auto size = IsScalar(*node) ? ParseSize(node->text) : std::nullopt;
  if (size && *size >= least && *size <= most) return *size;
  reading.Complain(node->line, Called(*node) + " must be a size like 64MiB, from " +
                                   SizeText(least) + " to " + SizeText(most));
  return least;
}

Severity ReadSeverity(const YamlNode* node, FieldReader& reading) {
  constexpr std::array<std::string_view, kSeverities> kNames = {"info", "low", "medium", "high",
                                                                "critical"};
  return static_cast<Severity>(ReadWord(node, kNames, reading));
}

std::vector<ContainerClass> ReadClasses(const YamlNode* node, FieldReader& reading) {
  std::vector<ContainerClass> classes;
  for (const std::string& name : ReadTexts(node, reading)) {
    const auto one = ContainerClassOfName(name);
    if (one) classes.push_back(*one);
    if (!one) reading.Complain(node->line, Quoted(name) + " is no class of containers");
  }
  if (node != nullptr && classes.empty()) {
    reading.Complain(node->line, Called(*node) + " must name a class");
  }
  std::ranges::sort(classes);
  return classes;
}

std::vector<std::string> ReadOneOrMore(const YamlNode* node, FieldReader& reading) {
  if (node == nullptr) return {};
  if (node->kind != YamlKind::kSequence) return {ReadText(node, reading)};
  std::vector<std::string> texts = ReadTexts(node, reading);
  if (texts.empty()) reading.Complain(node->line, Called(*node) + " is empty: leave it out");
  return texts;
}

Selector ReadSelector(const YamlNode* node, FieldReader& reading) {
  constexpr std::int64_t kMostUid = std::numeric_limits<std::uint32_t>::max();
  Fields fields(node, reading);
  const auto patterns = [&](std::string_view key) {
    return ReadPatterns(fields.TakeOptional(key), reading);
  };
  Selector selector;
  selector.name = patterns("name");
  selector.id = patterns("id");
  selector.image = patterns("image");
  selector.runtime = patterns("runtime");
  selector.name_space = patterns("namespace");
  selector.pod = patterns("pod");
  selector.container_class = patterns("class");
  selector.cgroup = patterns("cgroup");
  RefuseStrangers(fields.TakeOptional("runtime"), selector.runtime, RuntimeOfName, reading);
  RefuseStrangers(fields.TakeOptional("class"), selector.container_class, ContainerClassOfName,
                  reading);
  selector.labels = ReadLabels(fields.TakeOptional("label"), reading);
  if (const YamlNode* uid = fields.TakeOptional("uid")) {
    selector.uid = Uid{static_cast<std::uint32_t>(ReadInteger(uid, 0, kMostUid, reading))};
  }
  if (const YamlNode* except = fields.TakeOptional("not")) {
    selector.except = std::make_shared<const Selector>(ReadSelector(except, reading));
    if (IsEmpty(*selector.except)) {
      reading.Complain(except->line, "'not' without a key leaves out everybody");
    }
  }
  fields.RefuseOthers();
  return selector;
}

}  // namespace hullmark
