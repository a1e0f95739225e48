// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <unordered_map>
#include <vector>

#include "agent/bpf/filter_record.h"

namespace hullmark {

// A program's instructions, see ToNumber of hullmark/seccomp.h.
using FilterCode = std::vector<std::uint64_t>;

// A filter that was copied.
struct CopiedFilter {
  std::uint64_t prev = 0;                         // Where the one before it is; 0: it is the first.
  std::shared_ptr<const FilterCode> code{};       // Null: the kernel has kept none.
  std::vector<std::uint64_t> native{}, compat{};  // Notes of this one and all before it.
};

// Filters that were copied, by where the kernel has them. A place is used again when its filter is
// gone; a filter is not gone while a task has it, and a task never lets go of one. So a copy holds
// as long as one of its witnesses is seen again: a task that lives since and has the same filters.
class FilterMemory {
 public:
  // A copy that was just made, and the task that it was made for. Equal programs are kept once.
  void Take(std::uint64_t self, CopiedFilter copy, FilterCode code, const FilteredTask& from);

  // The tasks of a pass, ascending by tid; copies were made since the one before. Returns the
  // places of copies that hold no more, which are forgotten.
  std::vector<std::uint64_t> Witness(std::span<const FilteredTask> tasks);

  // The filters of a task by its newest one, from there on; empty where one is not known. For what
  // was witnessed.
  std::vector<const CopiedFilter*> FiltersOf(std::uint64_t newest) const;

  // Forgets programs that no copy has any more.
  void LetGo();

  std::size_t size() const { return places_.size(); }
  std::size_t programs() const { return codes_.size(); }

 private:
  struct Place {
    CopiedFilter copy{};
    std::vector<FilteredTask> witnesses{};
  };
  struct ByContent {
    bool operator()(const std::shared_ptr<const FilterCode>& a,
                    const std::shared_ptr<const FilterCode>& b) const {
      return *a < *b;
    }
  };

  void AddWitness(const FilteredTask& task);

  std::unordered_map<std::uint64_t, Place> places_;
  std::set<std::shared_ptr<const FilterCode>, ByContent> codes_;
};

}  // namespace hullmark
