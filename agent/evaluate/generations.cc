// SPDX-License-Identifier: Apache-2.0
#include "agent/evaluate/generations.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "agent/evaluate/known_state.h"
#include "hullmark/caps.h"
#include "hullmark/ids.h"
#include "hullmark/report.h"
#include "hullmark/snapshot.h"

namespace hullmark {

std::optional<BootTicks> StartOfInit(const Snapshot& snapshot, const Container& container) {
  if (!container.init) return std::nullopt;
  return snapshot.At(*container.init).stat.start;
}

bool IsRebooted(const KnownState& state, const Snapshot& snapshot) {
  return !state.boot_id.empty() && !snapshot.host.boot_id.empty() &&
         state.boot_id != snapshot.host.boot_id;
}

bool IsIncomplete(const Snapshot& snapshot) {
  const bool all_shown = snapshot.vantage.capabilities.Has(Cap::kSysPtrace);  // See proc(5).
  const auto hides = [&](const VantageProblem& problem) {
    return (problem.id == "hidepid" && !all_shown) || problem.id == "pid-namespace";
  };
  return snapshot.counts.processes_truncated || snapshot.counts.unreadable > 0 ||
         std::ranges::any_of(snapshot.vantage.problems, hides);
}

std::vector<std::optional<std::size_t>> FindKnown(const KnownState& state, const Snapshot& snapshot,
                                                  const Report& report) {
  std::vector<std::optional<std::size_t>> found(report.containers.size());
  if (IsRebooted(state, snapshot)) return found;
  std::unordered_multimap<std::string_view, std::size_t> by_id;
  for (std::size_t i = 0; i < state.containers.size(); ++i) {
    by_id.emplace(state.containers[i].id, i);
  }
  for (std::size_t i = 0; i < found.size(); ++i) {
    const Container& container = snapshot.containers[report.containers[i].container];
    const auto start = StartOfInit(snapshot, container);
    const auto [begin, end] = by_id.equal_range(snapshot.Text(container.id));
    const auto same = std::find_if(begin, end, [&](const auto& entry) {
      const auto known = state.containers[entry.second].start;
      return !start || !known || *start == *known;
    });
    if (same == end) continue;
    found[i] = same->second;
    by_id.erase(same);
  }
  return found;
}

bool IsLeftOut(const KnownContainer& known, const Snapshot& snapshot, const Report& report) {
  for (std::size_t i = 0; i < snapshot.containers.size(); ++i) {
    const Container& container = snapshot.containers[i];
    if (snapshot.Text(container.id) != known.id) continue;
    const auto start = StartOfInit(snapshot, container);
    if (start && known.start && *start != *known.start) continue;
    const auto is_judged = [&](const ContainerReport& judged) { return judged.container == i; };
    if (std::ranges::none_of(report.containers, is_judged)) return true;
  }
  return false;
}

}  // namespace hullmark
