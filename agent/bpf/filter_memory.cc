// SPDX-License-Identifier: Apache-2.0
#include "agent/bpf/filter_memory.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

#include "agent/bpf/filter_record.h"

namespace hullmark {
namespace {

constexpr std::size_t kMostWitnesses = 4;

// Whether a task is still there, with the same filters.
bool IsSeen(const FilteredTask& witness, std::span<const FilteredTask> tasks) {
  const auto at = std::ranges::lower_bound(tasks, witness.tid, {}, &FilteredTask::tid);
  return at != tasks.end() && at->tid == witness.tid && at->start == witness.start &&
         at->filter == witness.filter;
}

}  // namespace

void FilterMemory::Take(std::uint64_t self, CopiedFilter copy, FilterCode code,
                        const FilteredTask& from) {
  if (!code.empty()) {
    copy.code = *codes_.insert(std::make_shared<const FilterCode>(std::move(code))).first;
  }
  places_[self] = {.copy = std::move(copy), .witnesses = {from}};
}

// More than one, so that a copy outlives the task that it was made for.
void FilterMemory::AddWitness(const FilteredTask& task) {
  std::uint64_t self = task.filter;
  for (int depth = 0; depth < kMostFilterDepth && self != 0; ++depth) {
    const auto place = places_.find(self);
    if (place == places_.end()) return;
    auto& witnesses = place->second.witnesses;
    const bool known =
        std::ranges::find(witnesses, task.tid, &FilteredTask::tid) != witnesses.end();
    if (!known && witnesses.size() < kMostWitnesses) witnesses.push_back(task);
    self = place->second.copy.prev;
  }
}

std::vector<std::uint64_t> FilterMemory::Witness(std::span<const FilteredTask> tasks) {
  std::vector<std::uint64_t> gone;
  for (auto& [self, place] : places_) {
    std::erase_if(place.witnesses, [&](const FilteredTask& each) { return !IsSeen(each, tasks); });
    if (place.witnesses.empty()) gone.push_back(self);
  }
  for (const std::uint64_t self : gone) places_.erase(self);
  for (const FilteredTask& task : tasks) AddWitness(task);
  return gone;
}

std::vector<const CopiedFilter*> FilterMemory::FiltersOf(std::uint64_t newest) const {
  std::vector<const CopiedFilter*> filters;
  for (std::uint64_t self = newest; self != 0; self = filters.back()->prev) {
    const auto place = places_.find(self);
    if (place == places_.end() || filters.size() == kMostFilterDepth) return {};
    filters.push_back(&place->second.copy);
  }
  return filters;
}

void FilterMemory::LetGo() {
  std::erase_if(
      codes_, [](const std::shared_ptr<const FilterCode>& code) { return code.use_count() == 1; });
}

}  // namespace hullmark
