// SPDX-License-Identifier: Apache-2.0
// rescan_bench ROUNDS [PEER_US]: what a look costs that has a last one, beside a look of its own,
// in interleaved rounds; medians of CPU time. Once after every process has slept since the last
// look, once after every process of bench_population has run. To the rotation looks are 15 s apart.
// PEER_US: a peer's cost per process, to compare with.
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): kill(2) is not in <csignal>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/base/file.h"
#include "agent/collect/collect.h"
#include "agent/collect/collector.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark::bench {
namespace {

constexpr auto kInterval = std::chrono::seconds(15);

double Cost(const std::function<void()>& work) {
  const std::clock_t before = std::clock();
  work();
  return static_cast<double>(std::clock() - before) * 1e3 / static_cast<double>(CLOCKS_PER_SEC);
}

double Median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

template <typename T>
T Must(Result<T> result) {
  if (result) return std::move(*result);
  (void)std::fprintf(stderr, "rescan_bench: %s\n", result.error().message.c_str());
  std::exit(1);
}

// The process runs a signal handler, if it has one; nobody else takes notice of SIGCONT.
void WakePopulation(const Snapshot& snapshot) {
  for (const Process& process : snapshot.processes) {
    if (!process.leader.cgroup) continue;
    const auto& cgroups = snapshot.At(*process.leader.cgroup).cgroups;
    const bool ours = std::ranges::any_of(cgroups, [&](CgroupIndex cgroup) {
      return snapshot.Text(snapshot.At(cgroup).path).starts_with("/hullmark-bench/");
    });
    if (ours) kill(std::to_underlying(process.pid), SIGCONT);
  }
}

void Print(const char* what, double value, const char* unit) {
  (void)std::printf("%-34s %10.2f %s\n", what, value, unit);
}

class Bench {
 public:
  void Run(int rounds) {
    Again();
    Again();  // Mount tables are kept from the second look on.
    for (int round = 0; round < rounds; ++round) {
      full_.push_back(Cost([&] { snapshot_ = Must(Collect(roots_, options_)); }));
      slept_.push_back(Cost([&] { Again(); }));
      counts_ = collector_.counts();
      WakePopulation(snapshot_);
      ran_.push_back(Cost([&] { Again(); }));
      ran_counts_ = collector_.counts();
    }
  }

  void Report(double peer) const {
    const auto processes = static_cast<double>(snapshot_.processes.size());
    const auto row = [&](const char* what, const std::vector<double>& samples) {
      const double per_process = Median(samples) * 1e3 / processes;
      Print(what, Median(samples), "ms CPU");
      Print("  per process", per_process, "us CPU");
      if (peer > 0) Print("  of process-exporter (goal 0.167)", per_process / peer, "");
    };
    (void)std::printf("%zu processes, %zu containers, %zu mount tables and %zu limit files kept\n",
                      snapshot_.processes.size(), snapshot_.containers.size(),
                      collector_.kept_mount_namespaces(), collector_.kept_limit_files());
    row("scan", full_);
    row("scan again, all have slept", slept_);
    Print("  scan again / scan", Median(slept_) / Median(full_), "");
    (void)std::printf("  %zu still, %zu again, %zu whole\n", counts_.still, counts_.again,
                      counts_.whole);
    row("scan again, all have run", ran_);
    Print("  scan again / scan", Median(ran_) / Median(full_), "");
    (void)std::printf("  %zu still, %zu again, %zu whole\n", ran_counts_.still, ran_counts_.again,
                      ran_counts_.whole);
    malloc_trim(0);
    Print("memory of the collector, idle", Resident(), "MB");
  }

 private:
  void Again() {
    now_ += std::chrono::nanoseconds(kInterval).count();
    options_.now = Timestamp{now_};
    snapshot_ = Must(collector_.Look(options_));
  }

  // Of this process, with one Snapshot.
  static double Resident() {
    ReadBuffer buffer(1U << 16);
    const auto text = buffer.Read(AT_FDCWD, "/proc/self/statm");
    unsigned long size = 0;
    unsigned long resident = 0;
    if (!text || std::sscanf(text->data(), "%lu %lu", &size, &resident) != 2) return 0;
    return static_cast<double>(resident) * 4096 / (1024 * 1024);
  }

  Roots roots_ = Must(OpenRoots({}));
  Collector collector_{Must(OpenRoots({})), Within(20'000, {})};
  CollectOptions options_;
  std::int64_t now_ = 1'700'000'000'000'000'000;
  Snapshot snapshot_;
  RescanCounts counts_, ran_counts_;
  std::vector<double> full_, slept_, ran_;
};

}  // namespace
}  // namespace hullmark::bench

int main(int argc, char** argv) {
  const int rounds = argc >= 2 ? std::atoi(argv[1]) : 0;
  if (rounds < 1) {
    (void)std::fputs("usage: rescan_bench ROUNDS [PEER_US]\n", stderr);
    return 2;
  }
  hullmark::bench::Bench bench;
  bench.Run(rounds);
  bench.Report(argc >= 3 ? std::atof(argv[2]) : 0);
  return 0;
}
