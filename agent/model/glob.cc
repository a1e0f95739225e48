// SPDX-License-Identifier: Apache-2.0
#include "hullmark/glob.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace hullmark {
namespace {

constexpr std::size_t kMostAlternatives = 64;

// Multiplies out the first {a,b} group and recurses on the results; braces do not nest.
void Expand(std::string_view pattern, std::vector<std::string>& out) {
  const auto open = pattern.find('{');
  const auto close = open == std::string_view::npos ? open : pattern.find('}', open);
  if (close == std::string_view::npos) {
    if (out.size() < kMostAlternatives) out.emplace_back(pattern);
    return;
  }
  const auto before = pattern.substr(0, open);
  const auto after = pattern.substr(close + 1);
  auto group = pattern.substr(open + 1, close - open - 1);
  while (out.size() < kMostAlternatives) {
    const auto comma = group.find(',');
    Expand(std::string(before) + std::string(group.substr(0, comma)) + std::string(after), out);
    if (comma == std::string_view::npos) return;
    group.remove_prefix(comma + 1);
  }
}

// A star that can be retried further on: where it stands and what it has eaten.
struct Star {
  std::size_t pattern = std::string_view::npos;
  std::size_t text = 0;
};

// Whether the first characters agree.
bool BeginAlike(std::string_view pattern, std::string_view text) {
  if (pattern.empty() || text.empty()) return false;
  return pattern.front() == text.front() || (pattern.front() == '?' && text.front() != '/');
}

// Iterative matching. "**" dominates every "*" before it and "*" is bounded by the next '/', so
// only the last star of either kind ever needs another try: pattern times text at most.
bool MatchOne(std::string_view pattern, std::string_view text) {
  std::size_t p = 0;
  std::size_t t = 0;
  Star single;
  Star twice;
  while (t < text.size() || p < pattern.size()) {
    const bool star = p < pattern.size() && pattern[p] == '*';
    if (star && pattern.substr(p).starts_with("**")) {
      twice = {.pattern = p + 2, .text = t};
      single = {};
      p += 2;
    } else if (star) {
      single = {.pattern = p + 1, .text = t};
      ++p;
    } else if (BeginAlike(pattern.substr(p), text.substr(t))) {
      ++p;
      ++t;
    } else if (single.pattern != std::string_view::npos && single.text < text.size() &&
               text[single.text] != '/') {
      p = single.pattern;
      t = ++single.text;
    } else if (twice.pattern != std::string_view::npos && twice.text < text.size()) {
      single = {};
      p = twice.pattern;
      t = ++twice.text;
    } else {
      return false;
    }
  }
  return true;
}

// What the last part of a path has to match: "**" may stand for slashes too.
std::string_view LastPart(std::string_view pattern) {
  const auto last = pattern.substr(pattern.rfind('/') + 1);  // npos + 1 is 0.
  const auto twice = last.rfind("**");
  return twice == std::string_view::npos ? last : last.substr(twice);
}

}  // namespace

Glob::Glob(std::string_view pattern)
    : pattern_(pattern), literal_(std::min(pattern.find_first_of("*?{"), pattern.size())) {
  Expand(pattern, expanded_);
}

bool Glob::Matches(std::string_view text) const {
  const auto literal = std::string_view(pattern_).substr(0, literal_);
  // Paths differ late: the last character says no soonest.
  if (literal.size() > text.size()) return false;
  if (!literal.empty() && text[literal.size() - 1] != literal.back()) return false;
  if (!text.starts_with(literal)) return false;
  return std::ranges::any_of(expanded_, [&](const auto& one) { return MatchOne(one, text); });
}

bool Glob::MatchesName(std::string_view name) const {
  return std::ranges::any_of(expanded_,
                             [&](const auto& one) { return MatchOne(LastPart(one), name); });
}

}  // namespace hullmark
