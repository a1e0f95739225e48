// SPDX-License-Identifier: Apache-2.0
#include "agent/benchmark/yaml_tree.h"

#include <yaml-cpp/anchor.h>
#include <yaml-cpp/emitterstyle.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hullmark {
namespace {

constexpr std::size_t kMostBytes = std::size_t{1} << 20;
constexpr std::size_t kMostLevels = 32;

bool IsControl(char byte) {
  const auto value = static_cast<unsigned char>(byte);
  return (value < 0x20 && byte != '\n' && byte != '\t') || value == 0x7f;
}

// Bytes of the UTF-8 sequence that `text` starts with, see utf-8(7); 0 when there is none.
std::size_t SequenceLength(std::string_view text) {
  constexpr std::array<std::uint32_t, 5> kSmallest = {0, 0, 0x80, 0x800, 0x10000};
  const auto first = static_cast<std::uint8_t>(text[0]);
  const auto length = static_cast<std::size_t>(std::countl_one(first));
  if (length == 0) return 1;
  if (length == 1 || length > 4 || length > text.size()) return 0;
  std::uint32_t code = first & (0x7fU >> length);
  for (const char byte : text.substr(1, length - 1)) {
    if ((static_cast<std::uint8_t>(byte) & 0xc0U) != 0x80U) return 0;
    code = (code << 6U) | (static_cast<std::uint8_t>(byte) & 0x3fU);
  }
  const bool surrogate = code >= 0xd800 && code <= 0xdfff;
  return code < kSmallest[length] || code > 0x10ffff || surrogate ? 0 : length;
}

// Why `text` is no text file, at the first line where that shows.
std::optional<YamlProblem> FindFlaw(std::string_view text) {
  if (text.size() > kMostBytes) return YamlProblem{.line = 1, .what = "larger than 1 MiB"};
  int line = 1;
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = SequenceLength(text.substr(i));
    if (length == 0) return YamlProblem{.line = line, .what = "not UTF-8"};
    if (IsControl(text[i]) && text[i] != '\r') {
      return YamlProblem{.line = line, .what = "control character"};
    }
    if (text[i] == '\n') ++line;
    i += length;
  }
  return std::nullopt;
}

// Builds the tree from the parser's events, so that nothing is ever expanded or resolved: a refusal
// ends the parse where the offending token stands.
class TreeBuilder final : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark& mark) override {
    if (std::exchange(started_, true)) Refuse(mark, "a second document");
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    RefuseAnchor(mark, anchor);
    Add(mark, NodeAt(mark, YamlKind::kNull));
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t /*anchor*/) override {
    Refuse(mark, "aliases are not allowed");
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    RefuseAnchor(mark, anchor);
    RefuseTag(mark, tag);
    if (std::ranges::any_of(value, IsControl)) Refuse(mark, "control character");
    YamlNode node = NodeAt(mark, tag == "?" ? YamlKind::kPlain : YamlKind::kQuoted);
    node.text = value;
    Add(mark, std::move(node));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value /*style*/) override {
    Open(mark, tag, anchor, YamlKind::kSequence);
  }
  void OnSequenceEnd() override { Close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value /*style*/) override {
    Open(mark, tag, anchor, YamlKind::kMapping);
  }
  void OnMapEnd() override { Close(); }

  YamlNode TakeRoot() { return std::move(root_); }

 private:
  struct Collection {
    Collection(YamlNode opened, const YAML::Mark& start) : node(std::move(opened)), mark(start) {}

    YamlNode node;
    YAML::Mark mark;
    std::optional<YamlNode> key;  // Read, and waiting for its value.
    std::set<std::string> keys;
  };

  static YamlNode NodeAt(const YAML::Mark& mark, YamlKind kind) {
    YamlNode node;
    node.kind = kind;
    node.line = mark.line + 1;
    return node;
  }
  [[noreturn]] static void Refuse(const YAML::Mark& mark, const std::string& what) {
    throw YAML::ParserException(mark, what);
  }
  static void RefuseAnchor(const YAML::Mark& mark, YAML::anchor_t anchor) {
    if (anchor != YAML::NullAnchor) Refuse(mark, "anchors are not allowed");
  }
  // The parser says "?" for a plain value and "!" for a quoted one.
  static void RefuseTag(const YAML::Mark& mark, const std::string& tag) {
    if (tag != "?" && tag != "!") Refuse(mark, "tags are not allowed");
  }

  void Open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, YamlKind kind) {
    RefuseAnchor(mark, anchor);
    RefuseTag(mark, tag);
    if (open_.size() == kMostLevels) Refuse(mark, "nested deeper than 32 levels");
    if (AwaitsKey()) Refuse(mark, "a key must be a word");
    open_.emplace_back(NodeAt(mark, kind), mark);
  }

  void Close() {
    Collection closed = std::move(open_.back());
    open_.pop_back();
    Add(closed.mark, std::move(closed.node));
  }

  [[nodiscard]] bool AwaitsKey() const {
    return !open_.empty() && open_.back().node.kind == YamlKind::kMapping && !open_.back().key;
  }

  void Add(const YAML::Mark& mark, YamlNode node) {
    if (AwaitsKey()) return AddKey(mark, std::move(node));
    if (open_.empty()) {
      root_ = std::move(node);
      return;
    }
    Collection& parent = open_.back();
    if (parent.key) {
      node.key = std::move(parent.key->text);
      node.line = parent.key->line;
      parent.key.reset();
    }
    parent.node.children.push_back(std::move(node));
  }

  void AddKey(const YAML::Mark& mark, YamlNode key) {
    if (key.text.empty()) Refuse(mark, "a key must be a word");
    if (!open_.back().keys.insert(key.text).second) Refuse(mark, "key '" + key.text + "' repeated");
    open_.back().key = std::move(key);
  }

  bool started_ = false;
  YamlNode root_;
  std::vector<Collection> open_;
};

}  // namespace

std::expected<YamlNode, YamlProblem> ParseYaml(std::string_view text) {
  if (std::optional<YamlProblem> flaw = FindFlaw(text)) return std::unexpected(std::move(*flaw));
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    TreeBuilder builder;
    if (!parser.HandleNextDocument(builder)) {
      return std::unexpected(YamlProblem{.line = 1, .what = "empty"});
    }
    while (parser.HandleNextDocument(builder)) {
    }
    return builder.TakeRoot();
  } catch (const YAML::Exception& error) {
    return std::unexpected(YamlProblem{.line = error.mark.line + 1, .what = error.msg});
  }
}

}  // namespace hullmark
