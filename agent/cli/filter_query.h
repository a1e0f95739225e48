// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "hullmark/benchmark.h"
#include "hullmark/filter_report.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "hullmark/seccomp.h"
#include "hullmark/snapshot.h"

namespace hullmark {

// Whose filters are asked about: all processes of a container, or one.
struct FilterSubject {
  std::optional<std::uint32_t> container{};  // Index into Snapshot::containers.
  std::vector<ProcessIndex> processes{};     // The container's init first; never empty.
};

// By the name or id of a container, as --select has them, or else by a process. Error: kNotFound,
// there is none, or it has no process; kMalformed, several are called so.
Result<FilterSubject> FindSubject(const Snapshot& snapshot, const std::string& container,
                                  std::optional<Pid> pid);

// Makes the rules of their filters, if those of a whole host took too long.
void FollowFilters(const FilterSubject& subject, Snapshot& snapshot);

// What their filters come to, and what the benchmark says of filters of the container.
FilterReport ReportFilters(const Snapshot& snapshot, const Benchmark& benchmark,
                           const FilterSubject& subject);

// Of the first process. Error: what is not known of them, or that there are none.
Result<std::shared_ptr<const FilterRules>> RulesOfFirst(const Snapshot& snapshot,
                                                        const FilterSubject& subject);

}  // namespace hullmark
