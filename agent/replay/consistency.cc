// SPDX-License-Identifier: Apache-2.0
#include "agent/replay/consistency.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

using Parents = std::vector<std::optional<std::uint32_t>>;

std::optional<Error> Refuse(const std::string& place, std::string_view what) {
  return Error{.code = ErrorCode::kMalformed, .message = place + ": " + std::string(what)};
}

// A fault at the first row that does not stand in `order` after the one before it.
std::optional<Error> CheckOrder(const std::string& place, const auto& rows, const auto& key,
                                const auto& order) {
  const auto wrong = std::ranges::adjacent_find(
      rows, [&](const auto& a, const auto& b) { return !order(a, b); }, key);
  if (wrong == rows.end()) return std::nullopt;
  return Refuse(place + "/" + std::to_string(std::distance(rows.begin(), wrong) + 1),
                "is out of order");
}

std::optional<Error> CheckTables(const Snapshot& s) {
  constexpr std::ranges::less kOnce;
  constexpr std::ranges::less_equal kSorted;
  const auto place_of_thread = [](const Thread& t) { return std::pair(t.process, t.tid); };
  auto error = CheckOrder("/processes", s.processes, &Process::pid, kOnce);
  if (!error) error = CheckOrder("/threads", s.threads, place_of_thread, kOnce);
  if (!error) {
    error = CheckOrder("/user_namespaces", s.user_namespaces, &UserNamespace::inode, kOnce);
  }
  if (!error) {
    error = CheckOrder("/mount_namespaces", s.mount_namespaces, &MountNamespace::inode, kOnce);
  }
  if (!error) error = CheckOrder("/label_keys", s.label_keys, std::identity{}, kOnce);
  if (!error) error = CheckOrder("/host/sysctls", s.host.sysctls, &Sysctl::name, kOnce);
  if (!error) error = CheckOrder("/host/paths", s.host.paths, &HostPath::path, kSorted);
  if (!error) {
    error = CheckOrder("/host/runtime_daemons", s.host.runtime_daemons, std::identity{}, kSorted);
  }
  return error;
}

std::optional<Error> CheckLabels(const Snapshot& snapshot, std::size_t container) {
  const auto& claims = snapshot.containers[container].claims;
  if (!claims) return std::nullopt;
  const auto key_of = [&](const ClaimedLabel& label) { return snapshot.Text(label.key); };
  return CheckOrder("/containers/" + std::to_string(container) + "/claims/labels", claims->labels,
                    key_of, std::ranges::less{});
}

std::optional<Error> CheckLearned(const Snapshot& snapshot, std::size_t container) {
  const auto& learned = snapshot.containers[container].learned;
  if (!learned) return std::nullopt;
  return CheckOrder(
      "/containers/" + std::to_string(container) + "/learned/programs", learned->programs,
      [&](StringId program) { return snapshot.Text(program); }, std::ranges::less{});
}

std::optional<Error> CheckLists(const Snapshot& snapshot) {
  for (std::size_t i = 0; i < snapshot.containers.size(); ++i) {
    const std::string place = "/containers/" + std::to_string(i) + "/members";
    auto error =
        CheckOrder(place, snapshot.containers[i].members, &Member::process, std::ranges::less{});
    if (!error) error = CheckLabels(snapshot, i);
    if (!error) error = CheckLearned(snapshot, i);
    if (error) return error;
  }
  for (std::size_t i = 0; i < snapshot.memberships.size(); ++i) {
    const std::string place = "/memberships/" + std::to_string(i) + "/cgroups";
    const auto hierarchy_of = [&](CgroupIndex cgroup) { return snapshot.At(cgroup).hierarchy; };
    auto error =
        CheckOrder(place, snapshot.memberships[i].cgroups, hierarchy_of, std::ranges::less{});
    if (error) return error;
  }
  return std::nullopt;
}

// Climbs from every row; `seen` holds the climb that came by, so that each row is climbed once.
std::optional<Error> CheckParents(const std::string& table, const Parents& parents) {
  std::vector<std::size_t> seen(parents.size(), 0);
  for (std::size_t start = 0; start < parents.size(); ++start) {
    const std::size_t climb = start + 1;
    std::size_t at = start;
    while (seen[at] == 0) {
      seen[at] = climb;
      const auto& parent = parents[at];
      if (!parent) break;
      at = *parent;
      if (seen[at] == climb) {
        return Refuse(table + "/" + std::to_string(at) + "/parent", "is inside itself");
      }
    }
  }
  return std::nullopt;
}

std::optional<Error> CheckNesting(const Snapshot& snapshot) {
  Parents cgroups;
  for (const Cgroup& cgroup : snapshot.cgroups) {
    if (cgroup.parent && snapshot.At(*cgroup.parent).hierarchy != cgroup.hierarchy) {
      return Refuse("/cgroups/" + std::to_string(cgroups.size()) + "/parent",
                    "is in another hierarchy");
    }
    cgroups.emplace_back();
    if (cgroup.parent) cgroups.back() = std::to_underlying(*cgroup.parent);
  }
  if (auto error = CheckParents("/cgroups", cgroups)) return error;
  Parents containers;
  for (const Container& container : snapshot.containers) containers.push_back(container.parent);
  return CheckParents("/containers", containers);
}

}  // namespace

std::optional<Error> FindContradiction(const Snapshot& snapshot) {
  auto error = CheckTables(snapshot);
  if (!error) error = CheckLists(snapshot);
  if (!error) error = CheckNesting(snapshot);
  return error;
}

}  // namespace hullmark
