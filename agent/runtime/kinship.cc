// SPDX-License-Identifier: Apache-2.0
#include "agent/runtime/kinship.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include "hullmark/facts.h"
#include "hullmark/ids.h"
#include "hullmark/snapshot.h"

namespace hullmark::runtime {
namespace {

std::vector<std::optional<Row>> ParentsOf(const std::vector<Process>& processes) {
  std::unordered_map<Pid, Row> rows;
  rows.reserve(processes.size());
  for (Row row = 0; row < processes.size(); ++row) rows.emplace(processes[row].pid, row);
  std::vector<std::optional<Row>> parents(processes.size());
  for (Row row = 0; row < processes.size(); ++row) {
    const auto found = rows.find(Pid{processes[row].stat.parent});
    if (found == rows.end() || found->second == row) continue;
    if (processes[found->second].stat.start > processes[row].stat.start) continue;
    parents[row] = found->second;
  }
  return parents;
}

std::vector<Row> ByAge(const std::vector<Process>& processes) {
  std::vector<Row> rows(processes.size());
  for (Row row = 0; row < rows.size(); ++row) rows[row] = row;
  std::ranges::sort(rows, [&](Row a, Row b) { return Older(processes[a], processes[b]); });
  return rows;
}

void ListChildren(Kinship& kin) {
  const auto size = kin.parent.size();
  kin.first.assign(size + 1, 0);
  for (const auto& parent : kin.parent) {
    if (parent) ++kin.first[*parent + 1];
  }
  for (std::size_t i = 0; i < size; ++i) kin.first[i + 1] += kin.first[i];
  kin.children.resize(kin.first[size]);
  auto next = kin.first;
  for (Row row = 0; row < size; ++row) {
    const auto parent = kin.parent[row];
    if (parent) kin.children[next[*parent]++] = row;
  }
}

void OrderBelow(Row root, Kinship& kin, std::vector<bool>& seen) {
  std::vector<Row> stack{root};
  seen[root] = true;
  while (!stack.empty()) {
    const Row row = stack.back();
    stack.pop_back();
    kin.order.push_back(row);
    for (const Row child : kin.ChildrenOf(row)) {
      if (seen[child]) continue;
      seen[child] = true;
      stack.push_back(child);
    }
  }
}

}  // namespace

bool IsKernelThread(const Process& process) {
  if ((process.stat.flags & ProcStat::kKernelThread) != 0) return true;
  return process.leader.status && process.leader.status->kernel_thread.value_or(false);
}

Kinship KinshipOf(const std::vector<Process>& processes) {
  Kinship kin;
  kin.parent = ParentsOf(processes);
  kin.by_age = ByAge(processes);
  ListChildren(kin);
  std::vector<bool> seen(processes.size(), false);
  kin.order.reserve(processes.size());
  for (const Row row : kin.by_age) {
    if (!kin.parent[row]) OrderBelow(row, kin, seen);
  }
  if (kin.order.size() == processes.size()) return kin;
  // Only a circle of equal starts is left over: nobody in it has a parent that we believe.
  for (const Row row : kin.by_age) {
    if (!seen[row]) kin.parent[row] = std::nullopt;
  }
  ListChildren(kin);
  for (const Row row : kin.by_age) {
    if (!seen[row]) OrderBelow(row, kin, seen);
  }
  return kin;
}

bool Older(const Process& a, const Process& b) {
  return std::tuple(a.stat.start, std::to_underlying(a.pid)) <
         std::tuple(b.stat.start, std::to_underlying(b.pid));
}

}  // namespace hullmark::runtime
