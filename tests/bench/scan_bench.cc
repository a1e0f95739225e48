// SPDX-License-Identifier: Apache-2.0
// scan_bench ROUNDS: what one look at this host costs, beside the bare system calls of the same
// look (floor.h), in interleaved rounds; medians of CPU time. Evaluation and sinks are timed apart.
#include <sys/resource.h>

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/benchmark/load.h"
#include "agent/collect/collect.h"
#include "agent/evaluate/evaluate.h"
#include "agent/sinks/report_sinks.h"
#include "checks/table.h"
#include "hullmark/benchmark.h"
#include "hullmark/check.h"
#include "hullmark/report.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"
#include "tests/bench/floor.h"

namespace hullmark::bench {
namespace {

// Of all threads of this process; glibc's clock(3) is CLOCK_PROCESS_CPUTIME_ID in microseconds.
double CpuMilliseconds() {
  return static_cast<double>(std::clock()) * 1e3 / static_cast<double>(CLOCKS_PER_SEC);
}

double Cost(const std::function<void()>& work) {
  const double before = CpuMilliseconds();
  work();
  return CpuMilliseconds() - before;
}

double Median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

template <typename T>
T Must(Result<T> result) {
  if (result) return std::move(*result);
  (void)std::fprintf(stderr, "scan_bench: %s\n", result.error().message.c_str());
  std::exit(1);
}

struct Subject {
  Roots roots = Must(OpenRoots({}));
  std::vector<Check> checks = AllChecks();
  Benchmark benchmark = Must(LoadBenchmark(DefaultBenchmarkText(), "default.yaml", checks));
  CollectOptions collect;
  EvaluateOptions evaluate = {.classes = {ContainerClass::kContainer, ContainerClass::kPause,
                                          ContainerClass::kSandbox, ContainerClass::kVm}};
  ReportOptions report;
};

// The largest the process ever was, in bytes.
double PeakBytes() {
  rusage usage = {};  // NOLINT(misc-include-cleaner): sys/resource.h is its header, getrusage(2)
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) * 1024;
}

void Print(const char* what, double value, const char* unit) {
  (void)std::printf("%-34s %10.2f %s\n", what, value, unit);
}

struct Samples {
  std::vector<double> floor, scan, verdicts, evaluate, text, json;
};

// One whole look, from collecting to both reports, which go nowhere.
void Look(const Subject& subject, Samples& samples) {
  std::size_t bytes = 0;
  const auto nowhere = [&bytes](std::string_view part) { bytes += part.size(); };
  Snapshot snapshot;
  samples.scan.push_back(Cost([&] { snapshot = Must(Collect(subject.roots, subject.collect)); }));
  EvaluateOptions without_proof = subject.evaluate;
  without_proof.examples = 0;
  samples.verdicts.push_back(
      Cost([&] { (void)Evaluate(snapshot, subject.benchmark, without_proof); }));
  Report report;
  samples.evaluate.push_back(
      Cost([&] { report = Evaluate(snapshot, subject.benchmark, subject.evaluate); }));
  const ReportInput input{.snapshot = snapshot,
                          .benchmark = subject.benchmark,
                          .report = report,
                          .options = subject.report};
  samples.text.push_back(Cost([&] { WriteTextReport(input, nowhere); }));
  samples.json.push_back(Cost([&] { WriteJsonReport(input, nowhere); }));
}

void PrintMemory(const Snapshot& snapshot, double peak) {
  constexpr double kMega = 1024 * 1024;
  const auto processes = static_cast<double>(snapshot.processes.size());
  const auto containers = static_cast<double>(snapshot.containers.size());
  Print("peak memory of a look", peak / kMega, "MB");
  Print("  12 MB + 512 B/process + 4 KB/cont.",
        (12 * kMega + 512 * processes + 4096 * containers) / kMega, "MB");
}

void Measure(int rounds) {
  const Subject subject;
  Samples samples;
  Look(subject, samples);  // Before all else: its peak is that of one look. Its times are cold.
  const double peak = PeakBytes();
  const Snapshot snapshot = Must(Collect(subject.roots, subject.collect));
  samples = {};
  FloorCounts counts;
  for (int round = 0; round < rounds; ++round) {
    samples.floor.push_back(Cost([&] { counts = FloorScan(); }));
    Look(subject, samples);
  }
  (void)std::printf(
      "%zu processes, %zu containers, %zu threads beside leaders, %zu control groups\n",
      snapshot.processes.size(), snapshot.containers.size(), counts.threads, counts.cgroups);
  const double floor = Median(samples.floor);
  const double scan = Median(samples.scan);
  Print("bare system calls", floor, "ms CPU");
  Print("scan", scan, "ms CPU");
  Print("scan / bare system calls", scan / floor, "");
  Print("scan per process", scan * 1e3 / static_cast<double>(snapshot.processes.size()), "us CPU");
  Print("verdicts and scores", Median(samples.verdicts), "ms CPU");
  Print("  and the proof of each finding", Median(samples.evaluate), "ms CPU");
  Print("text report", Median(samples.text), "ms CPU");
  Print("JSON report", Median(samples.json), "ms CPU");
  PrintMemory(snapshot, peak);
}

}  // namespace
}  // namespace hullmark::bench

int main(int argc, char** argv) {
  const int rounds = argc == 2 ? std::atoi(argv[1]) : 0;
  if (rounds < 1) {
    (void)std::fputs("usage: scan_bench ROUNDS\n", stderr);
    return 2;
  }
  hullmark::bench::Measure(rounds);
  return 0;
}
