// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "hullmark/facts.h"
#include "hullmark/ids.h"
#include "hullmark/snapshot.h"

namespace hullmark {

// Gives a Snapshot's shared facts their rows, equal ones the same row: those that are read and
// those taken over from an earlier look can be compared by their index.
class FactTables {
 public:
  explicit FactTables(Snapshot& snapshot) : snapshot_(snapshot) {}

  GroupListIndex Keep(std::vector<Gid> groups);
  LabelIndex Keep(const Label& label);
  ExecutableIndex Keep(const Executable& executable);
  RlimitsIndex Keep(const Rlimits& rlimits);
  StdioIndex Keep(const Stdio& stdio);
  InvocationIndex Keep(const Invocation& invocation);

  Snapshot& snapshot() { return snapshot_; }

 private:
  template <typename Index>
  using Rows = std::unordered_map<std::string, Index>;  // By the bytes of the values.

  Snapshot& snapshot_;
  Rows<GroupListIndex> groups_;
  Rows<LabelIndex> labels_;
  Rows<ExecutableIndex> executables_;
  Rows<RlimitsIndex> rlimits_;
  Rows<StdioIndex> stdios_;
  Rows<InvocationIndex> invocations_;
};

}  // namespace hullmark
