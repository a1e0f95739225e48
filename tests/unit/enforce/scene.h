// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/enforce/history.h"
#include "agent/enforce/plan.h"
#include "hullmark/check.h"
#include "hullmark/ids.h"
#include "hullmark/policy.h"
#include "hullmark/report.h"
#include "hullmark/selector.h"
#include "hullmark/snapshot.h"
#include "tests/unit/evaluate/world.h"

namespace hullmark {

// A host of containers with cgroups below /docker, and processes of nobody, as one look shows it.
class Scene {
 public:
  static constexpr std::int64_t kBorn = 1'000;  // Milliseconds since boot: every container.
  static constexpr Pid kSelf{7};

  Scene();

  // With one process; its pid is 100 plus the position among all processes.
  std::uint32_t AddContainer(std::string_view name);
  ProcessIndex AddProcess(std::uint32_t container);
  // In a cgroup, which is made.
  ProcessIndex AddStranger(std::string_view cgroup, std::string_view executable = "/usr/bin/login");

  Process& At(ProcessIndex process) {
    return world.snapshot.processes[static_cast<std::size_t>(process)];
  }
  void Put(ProcessIndex process, std::string_view cgroup);
  void Executes(ProcessIndex process, std::string_view path);

  Planned PlanAt(std::int64_t now, History history, std::span<const HeldAction> in_force = {},
                 std::span<const EndedLife> ended = {});

  World world;
  Policy policy;
  Selector infrastructure;
  std::vector<ContainerClass> classes = {ContainerClass::kContainer};

 private:
  CgroupIndex Make(std::string_view path);
};

// A policy of one rule for control C-0.
Policy PolicyOf(std::vector<Step> steps);

}  // namespace hullmark
