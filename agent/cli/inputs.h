// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <set>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "agent/base/file.h"
#include "agent/cli/command.h"
#include "agent/collect/collect.h"
#include "agent/config/config.h"
#include "hullmark/benchmark.h"
#include "hullmark/check.h"
#include "hullmark/posture.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"
#include "hullmark/waiver.h"

namespace hullmark {

// A benchmark with the checks that its controls point to.
struct LoadedBenchmark {
  std::vector<Check> checks;
  Benchmark benchmark;
};

// The text of a file that decides what is done: it has to be trusted, see OpenTrusted.
Result<std::string> ReadSiteFile(const std::string& path);

// The same of one that was opened and judged; `path` is for errors.
Result<std::string> ReadSiteFile(const Fd& opened, const std::string& path);

// The benchmark that the options name, which has to be trusted, or the compiled-in one; with the
// overrides that they name.
Result<LoadedBenchmark> LoadChosenBenchmark(const GlobalOptions& global);

// What of the host only those ask for who will judge it, see CollectOptions.
struct Wanted {
  std::vector<std::string> host_paths, label_keys;
};

// What parameters of the benchmark and selectors of the site and its waivers name.
Wanted WantedBy(const Benchmark& benchmark, const Config& site, std::span<const Waiver> waivers);

CollectOptions HowToLook(const GlobalOptions& global, const Wiring& wiring, const Wanted& wanted);

// Looks once at this host, with progress on stderr when that is a terminal.
Result<Snapshot> LookAtHost(const GlobalOptions& global, const Wiring& wiring, const Wanted& wanted,
                            Config::Source source);

// Names of classes as enumerators, each once, in their order.
std::vector<ContainerClass> ToClasses(const std::vector<std::string>& names);

// A snapshot document from a file; "-" is standard input.
Result<Snapshot> ReadSnapshotFile(const std::string& path);

// A JSON report from a file; "-" is standard input.
Result<Posture> ReadReportFile(const std::string& path);

// The calls that a file of observations names, see ParseObservedCalls; "-" is standard input.
Result<std::set<std::string_view>> ReadObservedFile(const std::string& path);

// Either of them.
using ReportOrSnapshot = std::variant<Posture, Snapshot>;
Result<ReportOrSnapshot> ReadReportOrSnapshot(const std::string& path);

}  // namespace hullmark
