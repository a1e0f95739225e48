// SPDX-License-Identifier: Apache-2.0
#include "agent/runtime/cgroup_tree.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <ranges>
#include <span>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "agent/runtime/host_view.h"
#include "agent/runtime/kinship.h"
#include "agent/runtime/layouts.h"
#include "hullmark/ids.h"
#include "hullmark/limits.h"
#include "hullmark/snapshot.h"

namespace hullmark::runtime {
namespace {

constexpr std::array kByWorth = {Controller::kPids, Controller::kMemory,  Controller::kCpu,
                                 Controller::kIo,   Controller::kDevices, Controller::kCpuset};

std::size_t At(CgroupIndex cgroup) { return std::to_underlying(cgroup); }

}  // namespace

CgroupTree::CgroupTree(const Snapshot& snapshot, const HostView& host)
    : snapshot_(snapshot), host_(host) {
  order_.reserve(snapshot.cgroups.size());
  for (std::size_t i = 0; i < snapshot.cgroups.size(); ++i) {
    order_.push_back(CgroupIndex{static_cast<std::uint32_t>(i)});
  }
  std::ranges::stable_sort(order_, {},
                           [this](CgroupIndex cgroup) { return PathOf(cgroup).size(); });
  Prefer();
  FindLayouts();
  CountProcesses();
}

void CgroupTree::Prefer() {
  for (const Controller controller : kByWorth) {
    for (std::size_t i = 0; i < snapshot_.hierarchies.size(); ++i) {
      const auto bit = 1U << std::to_underlying(controller);
      if ((snapshot_.hierarchies[i].controllers & bit) == 0) continue;
      const HierarchyIndex hierarchy{static_cast<std::uint32_t>(i)};
      if (std::ranges::find(preference_, hierarchy) == preference_.end()) {
        preference_.push_back(hierarchy);
      }
    }
  }
  for (std::size_t i = 0; i < snapshot_.hierarchies.size(); ++i) {
    if (snapshot_.hierarchies[i].controllers == 0) {
      preference_.push_back(HierarchyIndex{static_cast<std::uint32_t>(i)});
    }
  }
}

void CgroupTree::FindLayouts() {
  std::unordered_map<StringId, bool> looks_like;  // Hierarchies repeat each other's paths.
  layout_.resize(snapshot_.cgroups.size());
  for (const CgroupIndex cgroup : order_) {
    const auto path = snapshot_.At(cgroup).path;
    const auto [found, first] = looks_like.try_emplace(path, false);
    if (first) found->second = MatchLayout(snapshot_.Text(path)).has_value();
    const auto above = Above(cgroup);
    if (found->second) {
      layout_[At(cgroup)] = cgroup;
    } else if (above) {
      layout_[At(cgroup)] = layout_[At(*above)];
    }
  }
}

void CgroupTree::CountProcesses() {
  std::vector<std::uint32_t> members(snapshot_.memberships.size(), 0);
  for (Row row = 0; row < snapshot_.processes.size(); ++row) {
    const auto& process = snapshot_.processes[row];
    if (!process.leader.cgroup || IsKernelThread(process)) continue;
    ++members[std::to_underlying(*process.leader.cgroup)];
    const auto cgroup = Of(process);
    const auto named = cgroup ? LayoutAt(*cgroup) : std::nullopt;
    if (named) named_[*named].push_back(row);
  }
  counts_.resize(snapshot_.cgroups.size(), 0);
  for (std::size_t i = 0; i < members.size(); ++i) {
    for (const CgroupIndex cgroup : snapshot_.memberships[i].cgroups) {
      counts_[At(cgroup)] += members[i];
    }
  }
  for (const CgroupIndex cgroup : std::views::reverse(order_)) {
    if (const auto above = Above(cgroup)) counts_[At(*above)] += counts_[At(cgroup)];
  }
}

std::optional<CgroupIndex> CgroupTree::Of(const Process& process, HierarchyIndex hierarchy) const {
  if (!process.leader.cgroup) return std::nullopt;
  for (const CgroupIndex cgroup : snapshot_.At(*process.leader.cgroup).cgroups) {
    if (snapshot_.At(cgroup).hierarchy == hierarchy) return cgroup;
  }
  return std::nullopt;
}

std::optional<CgroupIndex> CgroupTree::Of(const Process& process) const {
  for (const HierarchyIndex hierarchy : preference_) {
    if (const auto cgroup = Of(process, hierarchy)) return cgroup;
  }
  return std::nullopt;
}

std::optional<CgroupIndex> CgroupTree::Above(CgroupIndex cgroup) const {
  const auto above = snapshot_.At(cgroup).parent;
  // A parent's path is shorter: what a walk upwards relies on to end.
  if (!above || PathOf(*above).size() >= PathOf(cgroup).size()) return std::nullopt;
  return above;
}

bool CgroupTree::Within(std::optional<CgroupIndex> at, CgroupIndex ancestor) const {
  while (at && *at != ancestor) at = Above(*at);
  return at.has_value();
}

std::string_view CgroupTree::PathOf(CgroupIndex cgroup) const {
  return snapshot_.Text(snapshot_.At(cgroup).path);
}

std::optional<CgroupIndex> CgroupTree::LayoutAt(CgroupIndex cgroup) const {
  return layout_[At(cgroup)];
}

std::optional<LayoutMatch> CgroupTree::MatchAt(CgroupIndex cgroup) const {
  const auto layout = LayoutAt(cgroup);
  return layout ? MatchLayout(PathOf(*layout)) : std::nullopt;
}

std::vector<std::uint32_t> CgroupTree::CountsOn(std::span<const CgroupIndex> path,
                                                std::span<const Row> inside) const {
  const auto hierarchy = snapshot_.At(path.front()).hierarchy;
  std::unordered_map<CgroupIndex, std::uint32_t> per_cgroup;
  for (const Row row : inside) {
    if (const auto cgroup = Of(snapshot_.processes[row], hierarchy)) ++per_cgroup[*cgroup];
  }
  std::vector<std::uint32_t> counts(path.size(), 0);
  for (const auto& [cgroup, count] : per_cgroup) {
    std::optional<CgroupIndex> at = cgroup;
    auto step = path.end();
    while (at && step == path.end()) {
      step = std::ranges::find(path, *at);
      at = Above(*at);
    }
    for (; step != path.end(); ++step) {
      counts[static_cast<std::size_t>(step - path.begin())] += count;
    }
  }
  return counts;
}

bool CgroupTree::IsOwnByName(CgroupIndex named, Row anchor, std::span<const Row> inside) const {
  const auto found = named_.find(named);
  if (found == named_.end()) return false;
  const std::unordered_set<Row> own(inside.begin(), inside.end());
  return std::ranges::all_of(found->second, [&](Row row) {
    const auto& process = snapshot_.processes[row];
    return own.contains(row) || host_.AllHost(process) ||
           host_.SharesOwn(process, snapshot_.processes[anchor]);
  });
}

std::optional<CgroupIndex> CgroupTree::OwnIn(CgroupIndex leaf, Row anchor,
                                             std::span<const Row> inside) const {
  std::vector<CgroupIndex> path;
  for (std::optional<CgroupIndex> at = leaf; at && !IsRoot(*at); at = Above(*at)) {
    path.push_back(*at);
  }
  if (path.empty()) return std::nullopt;
  const auto counts = CountsOn(path, inside);
  std::size_t own = 0;  // How many from the leaf upwards hold nobody else.
  while (own < path.size() && counts_[At(path[own])] == counts[own]) ++own;
  if (own == 0) {
    const auto named = LayoutAt(leaf);
    return named && IsOwnByName(*named, anchor, inside) ? named : std::nullopt;
  }
  for (std::size_t i = own; i-- > 0;) {
    if (LayoutAt(path[i]) == path[i]) return path[i];
  }
  std::size_t lowest = own - 1;
  while (lowest > 0 && counts[lowest - 1] == counts[own - 1]) --lowest;
  return path[lowest];
}

std::optional<CgroupIndex> CgroupTree::OwnOf(Row anchor, std::span<const Row> inside) const {
  for (const HierarchyIndex hierarchy : preference_) {
    if (snapshot_.hierarchies[std::to_underlying(hierarchy)].controllers == 0) continue;
    const auto leaf = Of(snapshot_.processes[anchor], hierarchy);
    const auto own = leaf ? OwnIn(*leaf, anchor, inside) : std::nullopt;
    if (own) return own;
  }
  return std::nullopt;
}

}  // namespace hullmark::runtime
