// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "hullmark/result.h"

namespace hullmark {

// Remembers by its bytes what a kernel file was parsed to: thousands of processes have the same
// limits, groups and cgroups, and parsing them once is most of the speed of a scan.
template <typename Index>
class TextInterner {
 public:
  // The fact that `text` stands for; `parse` is called for a text not met before.
  template <typename Parse>
  Fact<Index> Find(std::string_view text, Parse parse) {
    if (const auto found = known_.find(text); found != known_.end()) return found->second;
    return known_.emplace(std::string(text), parse(text)).first->second;
  }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };
  std::unordered_map<std::string, Fact<Index>, Hash, std::equal_to<>> known_;
};

// Appends `row` to `table` and returns its index.
template <typename Index, typename Table, typename Row>
Index Add(Table& table, Row&& row) {
  table.push_back(std::forward<Row>(row));
  return Index{static_cast<std::uint32_t>(table.size() - 1)};
}

}  // namespace hullmark
