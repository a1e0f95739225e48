// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

namespace hullmark {

// The facts of a Snapshot in numbers that can be compared with those of another one, made with the
// same key: what has the same number is judged the same, but for one chance in 2^64 that nobody who
// lacks the key can bring about. A fact that could not be read counts with its error.
//
// Verdicts are kept while their number stays. So what changes with every look may decide nothing in
// a check: the time and counts of a Snapshot, the problems of its vantage, the state and parent of
// a process. Of other containers a check knows what NamespaceUsers tells, and their id, name,
// class, pod and parents; a host check knows the host and the vantage.
struct FactDigests {
  std::uint64_t host = 0;  // All that host checks go by.
  std::vector<std::uint64_t> containers =
      {};  // By index: all that checks go by, the host included.
  std::vector<std::uint64_t> cgroups =
      {};  // By index: which has the same number has the same path.
};

}  // namespace hullmark
