// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "hullmark/snapshot.h"

namespace hullmark::runtime {

// A row of Snapshot::processes.
using Row = std::uint32_t;

bool IsKernelThread(const Process& process);

// Who started whom. Each read of a parent is of its own moment: a "parent" that is younger than its
// child is another process under a reused number and counts as none. Acyclic for any input.
struct Kinship {
  std::vector<std::optional<Row>> parent;
  std::vector<Row> by_age;         // Every row once, the oldest first.
  std::vector<Row> order;          // Every row once, parents before their children.
  std::vector<std::size_t> first;  // Where a row's children begin in `children`; one past the
  std::vector<Row> children;       // last row: the end.

  std::span<const Row> ChildrenOf(Row row) const {
    return std::span(children).subspan(first[row], first[row + 1] - first[row]);
  }
};

Kinship KinshipOf(const std::vector<Process>& processes);

// Whether `a` is older than `b`: by start, then by pid, so that order of reading does not matter.
bool Older(const Process& a, const Process& b);

}  // namespace hullmark::runtime
