// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/sinks/metrics/exposition_text.h"

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <limits>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/encode/text.h"

namespace hullmark::testing {
namespace {

// The rest of a line; every step takes what it expects or throws.
class Line {
 public:
  explicit Line(std::string_view line) : whole_(line), rest_(line) {}

  bool Take(std::string_view text) {
    if (!rest_.starts_with(text)) return false;
    rest_.remove_prefix(text.size());
    return true;
  }
  void Expect(std::string_view text) {
    if (!Take(text)) Refuse("no " + std::string(text));
  }
  std::string Name(bool colon) {
    std::size_t end = 0;
    while (end < rest_.size() && IsNamePart(rest_[end], end > 0, colon)) ++end;
    if (end == 0) Refuse("no name");
    return Cut(end);
  }
  std::string Quoted() {
    Expect("\"");
    std::string value;
    while (!Take("\"")) {
      if (rest_.empty()) Refuse("an open quote");
      const bool escaped = Take("\\");
      if (escaped && (rest_.empty() || std::string_view("\\\"n").find(rest_[0]) == rest_.npos)) {
        Refuse("an unknown escape");
      }
      value += escaped && rest_[0] == 'n' ? '\n' : rest_[0];
      rest_.remove_prefix(1);
    }
    return value;
  }
  double Number() {
    const std::string text = Rest();
    if (text == "+Inf") return std::numeric_limits<double>::infinity();
    std::size_t used = 0;
    const double value = std::stod(text, &used);
    if (used != text.size() || text.empty() || std::isspace(text[0]) != 0) Refuse("no number");
    return value;
  }
  std::string Rest() { return Cut(rest_.size()); }
  [[noreturn]] void Refuse(const std::string& why) const {
    throw std::runtime_error(why + ": " + std::string(whole_));
  }

 private:
  static bool IsNamePart(char byte, bool digits, bool colon) {
    const auto letter = static_cast<unsigned char>(byte);
    return (letter < 0x80 && std::isalpha(letter) != 0) || byte == '_' || (colon && byte == ':') ||
           (digits && std::isdigit(letter) != 0);
  }
  std::string Cut(std::size_t count) {
    std::string text(rest_.substr(0, count));
    rest_.remove_prefix(count);
    return text;
  }

  std::string_view whole_, rest_;
};

class Parser {
 public:
  ParsedBody Parse(std::string_view text) {
    if (!text.empty() && text.back() != '\n') throw std::runtime_error("no newline at the end");
    for (auto rest = text; !rest.empty(); rest.remove_prefix(Utf8Length(rest))) {
      if (Utf8Length(rest) == 0) throw std::runtime_error("not UTF-8");
    }
    while (!text.empty()) {
      Line line(text.substr(0, text.find('\n')));
      text.remove_prefix(text.find('\n') + 1);
      if (line.Take("# ")) {
        Comment(line);
      } else {
        Sample(line);
      }
    }
    return std::move(body_);
  }

 private:
  void Comment(Line& line) {
    const bool help = line.Take("HELP ");
    if (!help) line.Expect("TYPE ");
    const std::string family = line.Name(true);
    line.Expect(" ");
    if (family != family_ && !seen_.insert(family).second) line.Refuse("a family in two places");
    family_ = family;
    auto& texts = help ? body_.helps : body_.types;
    if (!texts.emplace(family, line.Rest()).second) line.Refuse("told twice");
  }

  // A histogram's samples have names of their own.
  bool BelongsToFamily(const std::string& name) const {
    if (name == family_) return true;
    if (!name.starts_with(family_) || body_.types.at(family_) != "histogram") return false;
    const auto suffix = name.substr(family_.size());
    return suffix == "_bucket" || suffix == "_sum" || suffix == "_count";
  }

  void Sample(Line& line) {
    ParsedBody::Sample sample = {.name = line.Name(true), .labels = {}};
    if (!body_.types.contains(family_) || !body_.helps.contains(family_)) line.Refuse("no family");
    if (!BelongsToFamily(sample.name)) line.Refuse("not of the family above it");
    for (bool more = line.Take("{"); more;) {
      const std::string name = line.Name(false);
      line.Expect("=");
      if (!sample.labels.emplace(name, line.Quoted()).second) line.Refuse("a label twice");
      more = line.Take(",");
      if (!more) line.Expect("}");
    }
    line.Expect(" ");
    sample.value = line.Number();
    if (!sets_.emplace(sample.name, sample.labels).second) line.Refuse("a label set twice");
    body_.samples.push_back(std::move(sample));
  }

  ParsedBody body_;
  std::string family_;
  std::set<std::string> seen_;
  std::set<std::pair<std::string, ParsedBody::Labels>> sets_;
};

}  // namespace

std::vector<double> ParsedBody::Values(std::string_view name, const Labels& labels) const {
  std::vector<double> values;
  for (const Sample& sample : samples) {
    const bool fits = std::ranges::all_of(labels, [&](const auto& label) {
      const auto own = sample.labels.find(label.first);
      return own != sample.labels.end() && own->second == label.second;
    });
    if (sample.name == name && fits) values.push_back(sample.value);
  }
  return values;
}

double ParsedBody::Value(std::string_view name, const Labels& labels) const {
  const auto values = Values(name, labels);
  if (values.size() != 1) {
    throw std::runtime_error(std::to_string(values.size()) + " samples of " + std::string(name));
  }
  return values[0];
}

ParsedBody ParseExposition(std::string_view text) { return Parser().Parse(text); }

}  // namespace hullmark::testing
