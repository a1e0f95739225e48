// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "agent/cli/command.h"
#include "agent/collect/collect.h"
#include "hullmark/benchmark.h"
#include "hullmark/check.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark {

// A benchmark with the checks that its controls point to.
struct LoadedBenchmark {
  std::vector<Check> checks;
  Benchmark benchmark;
};

// The text of a file that decides what is done: it has to be trusted, see OpenTrusted.
Result<std::string> ReadSiteFile(const std::string& path);

// The benchmark that the options name, which has to be trusted, or the compiled-in one; with the
// overrides that they name.
Result<LoadedBenchmark> LoadChosenBenchmark(const GlobalOptions& global);

// How this host is looked at. `benchmark` says which host paths matter; nothing else of it is used.
CollectOptions HowToLook(const GlobalOptions& global, const Wiring& wiring,
                         const Benchmark& benchmark);

// Looks once at this host, with progress on stderr when that is a terminal.
Result<Snapshot> LookAtHost(const GlobalOptions& global, const Wiring& wiring,
                            const Benchmark& benchmark);

// A snapshot document from a file; "-" is standard input.
Result<Snapshot> ReadSnapshotFile(const std::string& path);

}  // namespace hullmark
