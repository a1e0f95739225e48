// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/benchmark/yaml_tree.h"
#include "hullmark/result.h"

namespace hullmark {

// One pass over a file. It keeps the first thing that is wrong, so that readers can go on with a
// default and the one who asked looks once, at the end.
class FieldReader {
 public:
  explicit FieldReader(std::string_view name) : name_(name) {}

  // From here on complaints say what they are about: "CAP-001".
  void About(std::string_view subject) { subject_ = subject; }
  void Complain(int line, std::string_view what);
  const std::optional<Error>& problem() const { return problem_; }

 private:
  std::string name_, subject_;
  std::optional<Error> problem_;
};

// The entries of a mapping, taken one by one.
class Fields {
 public:
  // Complains unless `node` is a mapping; null means that somebody has complained already.
  Fields(const YamlNode* node, FieldReader& reading);

  // The entry called `key`; null, with a complaint, when there is none.
  const YamlNode* Take(std::string_view key);
  // As Take, but may be absent.
  const YamlNode* TakeOptional(std::string_view key);
  // Complains of the first entry that nobody has taken.
  void RefuseOthers();

 private:
  const YamlNode* node_;  // Null: nothing to take from.
  FieldReader& reading_;
  std::vector<bool> taken_;
};

// Each reads one value, or complains and returns an empty or zero one. Null is passed through: what
// is missing has been complained of.

// Text of one line or more, not empty. A plain word that YAML reads as a number or truth value
// ("5.10" would be 5.1 elsewhere) has to be quoted.
std::string ReadText(const YamlNode* node, FieldReader& reading);
bool ReadBool(const YamlNode* node, FieldReader& reading);
std::int64_t ReadInteger(const YamlNode* node, std::int64_t least, std::int64_t most,
                         FieldReader& reading);
// From 0 to 1.
double ReadFraction(const YamlNode* node, FieldReader& reading);
// The items of a sequence; empty with a complaint when it is none.
const std::vector<YamlNode>& ReadItems(const YamlNode* node, FieldReader& reading);
// A sequence of different texts, which may be empty.
std::vector<std::string> ReadTexts(const YamlNode* node, FieldReader& reading);

// 'TEXT', shortened, for a complaint.
std::string Quoted(std::string_view text);

}  // namespace hullmark
