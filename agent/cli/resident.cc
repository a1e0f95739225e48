// SPDX-License-Identifier: Apache-2.0
#include "agent/cli/resident.h"

#include <malloc.h>
#include <sys/resource.h>

#include <csignal>
#include <expected>
#include <functional>
#include <utility>

#include "agent/base/memory.h"
#include "agent/cli/command.h"
#include "agent/cli/inputs.h"
#include "agent/cli/site.h"
#include "agent/collect/collector.h"
#include "agent/config/config.h"
#include "agent/daemon/inspection.h"
#include "agent/enforce/check_policy.h"
#include "hullmark/result.h"

namespace hullmark {

// A full disk, a small limit or a log that nobody reads any more is an error of write(2), and many
// scans need no memory of their own. Where whoever started us ignores SIGCHLD, children that ended
// would leave no status behind, and their numbers to others.
void PrepareProcess() {
  signal(SIGCHLD, SIG_DFL);
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);
  rlimit files = {};
  if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < files.rlim_max) {
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
  }
  mallopt(M_ARENA_MAX, 1);
}

Result<Standard> LoadStandard(const GlobalOptions& global) {
  auto now = global.reread();
  if (!now) return std::unexpected(std::move(now.error()));
  auto loaded = LoadChosenBenchmark(*now);
  if (!loaded) return std::unexpected(std::move(loaded.error()));
  auto waivers = LoadChosenWaivers(*now);
  if (!waivers) return std::unexpected(std::move(waivers.error()));
  const auto policy = CheckPolicy(now->site.enforce, loaded->benchmark);
  if (!policy) return std::unexpected(policy.error());
  return Standard{.config = std::move(now->site),
                  .checks = std::move(loaded->checks),
                  .benchmark = std::move(loaded->benchmark),
                  .waivers = std::move(*waivers)};
}

KeepOptions WhatToKeep(const Config& config) {
  rlimit files = {};
  getrlimit(RLIMIT_NOFILE, &files);
  return Within(files.rlim_cur, {.full_every = config.scan.full_every});
}

std::function<void()> AfterScan(Inspection& inspection) {
  return [&inspection, started = false]() mutable {
    inspection.Settle();
    if (std::exchange(started, true)) {
      malloc_trim(0);
    } else {
      ReleaseMemory();
    }
  };
}

}  // namespace hullmark
