// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>

#include "agent/collect/event_facts.h"
#include "agent/collect/learned_programs.h"
#include "agent/daemon/state_file.h"
#include "hullmark/snapshot.h"

namespace hullmark {

// What containers are known to run, over a restart of the agent where there is a state directory:
// in programs.json. Without it a restart would take for a container's own what it runs by then.
class ProgramMemory {
 public:
  // As ProgramLearner::Learn() takes it.
  struct When {
    std::uint64_t looked_at = 0;
    std::uint32_t seconds = 0;
  };

  explicit ProgramMemory(Warn warn) : warn_(std::move(warn)) {}

  // Before the first look is learned from, what was kept is read, if it is of the same life of the
  // host. What cannot be read is warned of, and containers are learned anew. `place`: may be null.
  void Learn(Snapshot& snapshot, std::span<const SeenExec> seen, const When& when,
             const StateFile* place);

  // Writes down what is new; failures are warned of once, and again after a success.
  void Save(const StateFile* place);

 private:
  void Load(const StateFile* place);

  Warn warn_;
  ProgramLearner learner_;
  std::string boot_id_;  // Of the newest look.
  bool begun_ = false, unsaved_ = false, complained_ = false;
};

}  // namespace hullmark
