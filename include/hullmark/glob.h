// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace hullmark {

// A path pattern: `*` any run without '/', `?` one such byte, `**` any run, {a,b} alternatives.
// Matching never recurses or allocates; its time is bounded by pattern times text times the longest
// path component.
class Glob {
 public:
  Glob() = default;
  explicit Glob(std::string_view pattern);

  bool Matches(std::string_view text) const;
  // Whether it matches some path that ends with this name.
  bool MatchesName(std::string_view name) const;
  const std::string& pattern() const { return pattern_; }

  friend bool operator==(const Glob& a, const Glob& b) { return a.pattern_ == b.pattern_; }

 private:
  std::string pattern_;
  std::size_t literal_ = 0;            // Bytes of `pattern_` that every match begins with.
  std::vector<std::string> expanded_;  // `pattern_` with its braces multiplied out, at most 64.
};

}  // namespace hullmark
