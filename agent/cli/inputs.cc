// SPDX-License-Identifier: Apache-2.0
#include "agent/cli/inputs.h"

#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <expected>
#include <functional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/base/file.h"
#include "agent/base/trusted.h"
#include "agent/benchmark/load.h"
#include "agent/cli/command.h"
#include "agent/cli/sources.h"
#include "agent/collect/collect.h"
#include "agent/collect/collector.h"
#include "agent/config/config.h"
#include "agent/config/hooks.h"
#include "agent/config/overrides.h"
#include "agent/parse/observed_calls.h"
#include "agent/replay/report_json.h"
#include "agent/replay/snapshot_json.h"
#include "checks/table.h"
#include "hullmark/benchmark.h"
#include "hullmark/check.h"
#include "hullmark/glob.h"
#include "hullmark/ids.h"
#include "hullmark/policy.h"
#include "hullmark/posture.h"
#include "hullmark/result.h"
#include "hullmark/selector.h"
#include "hullmark/snapshot.h"
#include "hullmark/waiver.h"

namespace hullmark {
namespace {

constexpr std::size_t kSiteFileBytes = std::size_t{1} << 20;
constexpr std::size_t kSnapshotBytes = std::size_t{512} << 20;
constexpr std::size_t kReportBytes = std::size_t{256} << 20;

// Parameters that name places on the host: collect resolves them, checks look them up.
constexpr std::array<std::string_view, 3> kPlaces = {"runtime_sockets", "host_service_sockets",
                                                     "sockets"};

std::vector<std::string> HostPathsOf(const Benchmark& benchmark) {
  std::vector<std::string> patterns;
  for (const Control& control : benchmark.controls) {
    const auto specs = control.check->params;
    for (std::size_t at = 0; at < specs.size(); ++at) {
      if (std::ranges::find(kPlaces, specs[at].name) == kPlaces.end()) continue;
      for (const Glob& glob : control.params.Globs(at)) patterns.push_back(glob.pattern());
    }
  }
  std::ranges::sort(patterns);
  const auto repeated = std::ranges::unique(patterns);
  patterns.erase(repeated.begin(), repeated.end());
  return patterns;
}

std::vector<std::string> LabelKeysOf(const Config& site, std::span<const Waiver> waivers) {
  std::set<std::string> keys;
  AddLabelKeys(site.select, keys);
  AddLabelKeys(site.infrastructure, keys);
  for (const Hook& hook : site.hooks) AddLabelKeys(hook.filter.select, keys);
  for (const Rule& rule : site.enforce.rules) AddLabelKeys(rule.select, keys);
  for (const Waiver& waiver : waivers) AddLabelKeys(waiver.select, keys);
  return {keys.begin(), keys.end()};
}

// One line on a terminal that is overwritten and, at the end, taken away.
class Progress {
 public:
  Progress() : shown_(isatty(STDERR_FILENO) == 1) {}
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress() {
    if (shown_) std::fputs("\r\033[K", stderr);
  }
  void operator()(std::size_t done, std::size_t all) const {
    if (shown_) std::fprintf(stderr, "\rreading processes: %zu of %zu", done, all);
  }

 private:
  bool shown_;
};

std::unexpected<Error> FailWith(const std::string& path, int number) {
  return Fail(CodeOfErrno(number), path + ": " + std::strerror(number));
}

std::unexpected<Error> TooLarge(const std::string& path, std::size_t cap) {
  return Fail(ErrorCode::kTruncated, path + ": larger than " + std::to_string(cap >> 20) + " MiB");
}

// The rest of a file, at most `cap` bytes.
Result<std::string> ReadAll(const Fd& file, const std::string& path, std::size_t cap) {
  std::string text;
  std::array<char, std::size_t{1} << 16> piece;
  while (true) {
    const ssize_t got = read(file.get(), piece.data(), piece.size());
    if (got < 0) return FailWith(path, errno);
    if (got == 0) return text;
    text.append(piece.data(), static_cast<std::size_t>(got));
    if (text.size() > cap) {
      return TooLarge(path, cap);
    }
  }
}

// A file that is only looked at; "-" is standard input.
Result<std::string> ReadWholeFile(const std::string& path, std::size_t cap) {
  const bool standard_input = path == "-";
  const Fd file(standard_input ? dup(STDIN_FILENO)
                               : open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  struct stat status = {};
  if (!file || fstat(file.get(), &status) != 0) return FailWith(path, errno);
  if (!standard_input && !S_ISREG(status.st_mode)) {
    return Fail(ErrorCode::kMalformed, path + ": not a regular file");
  }
  return ReadAll(file, path, cap);
}

// What `read` makes of a text, with the path before what is wrong.
template <typename T>
Result<T> ReadWith(const std::string& path, const Result<std::string>& text, const auto& read) {
  if (!text) return std::unexpected(text.error());
  auto value = read(*text);
  if (!value) return Fail(value.error().code, path + ": " + value.error().message);
  return T(*std::move(value));
}

}  // namespace

Result<std::string> ReadSiteFile(const std::string& path) {
  const auto file = OpenTrusted(path, Uid{geteuid()});
  return file ? ReadSiteFile(*file, path) : std::unexpected(file.error());
}

Result<std::string> ReadSiteFile(const Fd& opened, const std::string& path) {
  return ReadAll(opened, path, kSiteFileBytes);
}

Result<LoadedBenchmark> LoadChosenBenchmark(const GlobalOptions& global) {
  LoadedBenchmark loaded{.checks = AllChecks(), .benchmark = {}};
  Result<std::string> text = global.benchmark.empty() ? std::string(DefaultBenchmarkText())
                                                      : ReadSiteFile(global.benchmark);
  if (!text) return std::unexpected(std::move(text.error()));
  auto benchmark = LoadBenchmark(
      *text, global.benchmark.empty() ? "default.yaml" : global.benchmark, loaded.checks);
  if (!benchmark) return std::unexpected(std::move(benchmark.error()));
  loaded.benchmark = std::move(*benchmark);
  if (global.overrides.empty()) return loaded;
  text = ReadSiteFile(global.overrides);
  if (!text) return std::unexpected(std::move(text.error()));
  const auto overrides = LoadOverrides(*text, global.overrides);
  if (!overrides) return std::unexpected(overrides.error());
  auto changed = ApplyOverrides(std::move(loaded.benchmark), *overrides);
  if (!changed) return std::unexpected(std::move(changed.error()));
  loaded.benchmark = std::move(*changed);
  return loaded;
}

Wanted WantedBy(const Benchmark& benchmark, const Config& site, std::span<const Waiver> waivers) {
  return {.host_paths = HostPathsOf(benchmark), .label_keys = LabelKeysOf(site, waivers)};
}

CollectOptions HowToLook(const GlobalOptions& global, const Wiring& wiring, const Wanted& wanted) {
  return {.now = wiring.now(),
          .tool_version = std::string(wiring.version),
          .threads = global.site.threads,
          .host_paths = wanted.host_paths,
          .label_keys = wanted.label_keys};
}

Result<Snapshot> LookAtHost(const GlobalOptions& global, const Wiring& wiring, const Wanted& wanted,
                            Config::Source source) {
  auto roots = OpenRoots(global.roots);
  if (!roots) return std::unexpected(roots.error());
  const Progress progress;
  CollectOptions how = HowToLook(global, wiring, wanted);
  how.progress = std::cref(progress);
  Tasks tasks = ChooseTasks(*roots, wiring, source);
  const bool by_records = static_cast<bool>(tasks.records);
  Collector collector(std::move(*roots), {.most_mount_namespaces = 0, .most_limit_files = 0},
                      std::move(tasks));
  auto snapshot = collector.Look(how);
  WarnOfLoss(collector, by_records);
  if (snapshot) {
    spdlog::debug("{} processes, {} threads, {} containers; {} vanished, {} unreadable",
                  snapshot->processes.size(), snapshot->counts.threads, snapshot->containers.size(),
                  snapshot->counts.vanished, snapshot->counts.unreadable);
  }
  return snapshot;
}

Result<Snapshot> ReadSnapshotFile(const std::string& path) {
  return ReadWith<Snapshot>(path, ReadWholeFile(path, kSnapshotBytes), ReadSnapshot);
}

Result<Posture> ReadReportFile(const std::string& path) {
  const auto text = ReadWholeFile(path, kReportBytes);
  if (text && SchemaOf(*text).starts_with("hullmark.snapshot/")) {
    return Fail(ErrorCode::kMalformed,
                path + ": this is a snapshot: judge it first, hullmark audit --snapshot " + path +
                    " --format json");
  }
  return ReadWith<Posture>(path, text, ReadReport);
}

Result<std::set<std::string_view>> ReadObservedFile(const std::string& path) {
  return ReadWith<std::set<std::string_view>>(path, ReadWholeFile(path, kSiteFileBytes),
                                              ParseObservedCalls);
}

Result<ReportOrSnapshot> ReadReportOrSnapshot(const std::string& path) {
  const auto text = ReadWholeFile(path, kSnapshotBytes);
  if (text && SchemaOf(*text).starts_with("hullmark.snapshot/")) {
    return ReadWith<ReportOrSnapshot>(path, text, ReadSnapshot);
  }
  if (text && text->size() > kReportBytes) return TooLarge(path, kReportBytes);
  return ReadWith<ReportOrSnapshot>(path, text, ReadReport);
}

std::vector<ContainerClass> ToClasses(const std::vector<std::string>& names) {
  std::vector<ContainerClass> classes;
  for (const std::string& name : names) {
    if (const auto one = ContainerClassOfName(name)) classes.push_back(*one);
  }
  std::ranges::sort(classes);
  const auto repeated = std::ranges::unique(classes);
  classes.erase(repeated.begin(), repeated.end());
  return classes;
}

}  // namespace hullmark
