// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "hullmark/benchmark.h"
#include "hullmark/check.h"
#include "hullmark/report.h"
#include "hullmark/snapshot.h"

namespace hullmark {

// What a process fails.
struct ProcessFail {
  std::size_t control = 0;              // Into Benchmark::controls.
  Severity severity = Severity::kInfo;  // Before escalation, which the whole container decides.
  std::string fact{};                   // The first line of proof.
  bool is_news = true;                  // Nobody of the container was known to fail it.
};

// Judges one process of a container at a time, between two looks: by the controls that go by single
// processes, and nothing else of the container is judged again.
class ProcessJudge {
 public:
  // `report` is of the Snapshot whose containers are meant. The benchmark outlives this.
  ProcessJudge(const Benchmark& benchmark, const Report& report);

  // Nothing for containers that were not judged.
  std::vector<ProcessFail> Judge(const Snapshot& snapshot, std::uint32_t container,
                                 const EndedProcess& process) const;
  // From here on a container is known to fail these: each is news once.
  void Know(std::uint32_t container, const std::vector<ProcessFail>& fails);

 private:
  const Benchmark& benchmark_;
  // By position in the Snapshot: which controls it is known to fail, waived or not.
  std::unordered_map<std::uint32_t, std::vector<bool>> failing_;
};

}  // namespace hullmark
