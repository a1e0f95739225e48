// SPDX-License-Identifier: Apache-2.0
#include "agent/benchmark/fields.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "agent/benchmark/yaml_tree.h"
#include "hullmark/result.h"

namespace hullmark {
namespace {

constexpr std::size_t kMostQuoted = 60;

template <typename Number>
std::optional<Number> ParseNumber(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// Whether another YAML reader would take the plain word for something else than text.
bool LooksTyped(std::string_view text) {
  constexpr std::array<std::string_view, 6> kTruths = {"true", "false", "yes", "no", "on", "off"};
  const auto same = [text](std::string_view word) {
    return std::ranges::equal(text, word, [](char a, char b) { return (a | 0x20) == b; });
  };
  return std::ranges::any_of(kTruths, same) || ParseNumber<double>(text).has_value();
}

}  // namespace

std::string Quoted(std::string_view text) {
  if (text.size() <= kMostQuoted) return "'" + std::string(text) + "'";
  std::size_t length = kMostQuoted;
  while (length > 0 && (static_cast<unsigned char>(text[length]) & 0xc0) == 0x80) --length;
  return "'" + std::string(text.substr(0, length)) + "...'";
}

void FieldReader::Complain(int line, std::string_view what) {
  if (problem_) return;
  const std::string about = subject_.empty() ? "" : subject_ + ": ";
  const std::string place = name_ + ":" + std::to_string(line) + ": ";
  problem_ = Error{.code = ErrorCode::kMalformed, .message = place + about + std::string(what)};
}

Fields::Fields(const YamlNode* node, FieldReader& reading) : node_(node), reading_(reading) {
  if (node_ == nullptr) return;
  if (node_->kind != YamlKind::kMapping) {
    const std::string what = node_->key.empty() ? "a mapping is expected" : "must be a mapping";
    reading_.Complain(node_->line, node_->key.empty() ? what : Quoted(node_->key) + " " + what);
    node_ = nullptr;
    return;
  }
  taken_.resize(node_->children.size());
}

const YamlNode* Fields::TakeOptional(std::string_view key) {
  if (node_ == nullptr) return nullptr;
  const auto entry = std::ranges::find(node_->children, key, &YamlNode::key);
  if (entry == node_->children.end()) return nullptr;
  taken_[static_cast<std::size_t>(entry - node_->children.begin())] = true;
  return &*entry;
}

const YamlNode* Fields::Take(std::string_view key) {
  const YamlNode* entry = TakeOptional(key);
  if (entry == nullptr && node_ != nullptr) {
    reading_.Complain(node_->line, Quoted(key) + " is missing");
  }
  return entry;
}

void Fields::RefuseOthers() {
  for (std::size_t i = 0; i < taken_.size(); ++i) {
    if (taken_[i]) continue;
    const YamlNode& entry = node_->children[i];
    return reading_.Complain(entry.line, "unknown key " + Quoted(entry.key));
  }
}

namespace {

void ComplainOf(const YamlNode& node, std::string_view what, FieldReader& reading) {
  const std::string name = node.key.empty() ? "an item" : Quoted(node.key);
  reading.Complain(node.line, name + " must be " + std::string(what));
}

}  // namespace

std::string ReadText(const YamlNode* node, FieldReader& reading) {
  if (node == nullptr) return "";
  const bool scalar = node->kind == YamlKind::kPlain || node->kind == YamlKind::kQuoted;
  if (!scalar || node->text.find_first_not_of(" \t\n") == std::string::npos) {
    ComplainOf(*node, "text", reading);
    return "";
  }
  if (node->kind == YamlKind::kPlain && LooksTyped(node->text)) {
    ComplainOf(*node, "text: put " + node->text + " in quotes", reading);
  }
  return node->text;
}

bool ReadBool(const YamlNode* node, FieldReader& reading) {
  if (node == nullptr) return false;
  const bool plain = node->kind == YamlKind::kPlain;
  if (!plain || (node->text != "true" && node->text != "false")) {
    ComplainOf(*node, "true or false", reading);
  }
  return plain && node->text == "true";
}

std::int64_t ReadInteger(const YamlNode* node, std::int64_t least, std::int64_t most,
                         FieldReader& reading) {
  if (node == nullptr) return 0;
  std::optional<std::int64_t> number;
  if (node->kind == YamlKind::kPlain) number = ParseNumber<std::int64_t>(node->text);
  if (number && *number >= least && *number <= most) return *number;
  const std::string range = std::to_string(least) + " to " + std::to_string(most);
  ComplainOf(*node, "a whole number from " + range, reading);
  return 0;
}

double ReadFraction(const YamlNode* node, FieldReader& reading) {
  if (node == nullptr) return 0;
  std::optional<double> number;
  if (node->kind == YamlKind::kPlain) number = ParseNumber<double>(node->text);
  if (number && std::isfinite(*number) && *number >= 0 && *number <= 1) return *number;
  ComplainOf(*node, "a number from 0 to 1", reading);
  return 0;
}

const std::vector<YamlNode>& ReadItems(const YamlNode* node, FieldReader& reading) {
  static const std::vector<YamlNode> kNone;
  if (node == nullptr) return kNone;
  if (node->kind == YamlKind::kSequence) return node->children;
  ComplainOf(*node, "a list", reading);
  return kNone;
}

std::vector<std::string> ReadTexts(const YamlNode* node, FieldReader& reading) {
  std::vector<std::string> texts;
  std::set<std::string> seen;
  for (const YamlNode& item : ReadItems(node, reading)) {
    texts.push_back(ReadText(&item, reading));
    if (!seen.insert(texts.back()).second) {
      reading.Complain(item.line, Quoted(texts.back()) + " repeated");
    }
  }
  return texts;
}

}  // namespace hullmark
