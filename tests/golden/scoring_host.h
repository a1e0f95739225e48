// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hullmark/benchmark.h"
#include "hullmark/limits.h"
#include "tests/unit/checks/mount_scene.h"

namespace hullmark {

// A cgroup v2 host with AppArmor and swap, read by root, and one container on it with every setting
// that hardens: user namespace, no root, no capabilities, no_new_privs, seccomp, AppArmor, a
// read-only root, and limits of memory, swap, processes and CPU.
class ScoringHost : public testing::MountScene {
 public:
  // The host's paths that `benchmark` asks for were looked for, and none is there.
  explicit ScoringHost(const Benchmark& benchmark);

  // What a runtime does unless told otherwise.
  void UseDockerDefaults();
  // With every capability that a kernel has whose last one is `last_cap`.
  void UsePrivileged(int last_cap = 40);

  LimitsInForce& limits() { return container().limits; }

 private:
  void MakeHost(const Benchmark& benchmark);
  void MakeInit();
  void MakeLimits();
};

}  // namespace hullmark
