// SPDX-License-Identifier: Apache-2.0
// record_bench ROUNDS [NAME=MILLISECONDS...]: what looks through the kernel's records cost, beside
// looks through /proc, in interleaved rounds; medians of CPU time. NAME: a peer, and what a pass of
// it over the same processes cost.
#include <fcntl.h>
#include <malloc.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/base/file.h"
#include "agent/base/keyed_hash.h"
#include "agent/benchmark/load.h"
#include "agent/bpf/filter_reader.h"
#include "agent/bpf/task_iterator.h"
#include "agent/collect/collect.h"
#include "agent/collect/collector.h"
#include "agent/evaluate/evaluator.h"
#include "agent/replay/fact_digests.h"
#include "agent/watch/rights_pass.h"
#include "checks/table.h"
#include "hullmark/benchmark.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark::bench {
namespace {

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
  (void)std::fprintf(stderr, "record_bench: %s\n", result.error().message.c_str());
  std::exit(1);
}

void Visit(TaskIterator& iterator, const std::function<void(const TaskRecord&)>& take) {
  if (const auto visited = iterator.Visit(take); !visited) {
    (void)std::fprintf(stderr, "record_bench: %s\n", visited.error().message.c_str());
    std::exit(1);
  }
}

void Print(const char* what, double value, const char* unit) {
  (void)std::printf("%-46s %10.2f %s\n", what, value, unit);
}

// Kilobytes of a line of a file of /proc.
long Kilobytes(const char* path, std::string_view name) {
  ReadBuffer buffer(1U << 16);
  const auto text = buffer.Read(AT_FDCWD, path);
  const auto at = text ? text->find(name) : std::string_view::npos;
  return at == std::string_view::npos
             ? 0
             : std::atol(std::string(text->substr(at + name.size())).c_str());
}

class Bench {
 public:
  void Run(int rounds) {
    copying_ = Cost([&] { ReadFilters(); });
    copied_ = filters_.copied();
    start_ = Cost([&] { Look(); });
    Look();
    for (int round = 0; round < rounds; ++round) {
      through_proc_.push_back(Cost([&] { (void)Must(Collect(roots_, options_)); }));
      records_.push_back(Cost([&] { Visit(iterator_, [](const TaskRecord&) {}); }));
      rights_.push_back(Cost([&] { PassOverRights(); }));
      asking_.push_back(Cost([&] { ReadFilters(); }));
      looks_.push_back(Cost([&] { snapshot_ = Must(collector_.Look(options_)); }));
      verdicts_.push_back(Cost([&] { Judge(); }));
    }
  }

  void Report(std::span<const std::string> peers) {
    const auto processes = static_cast<double>(snapshot_.processes.size());
    const auto row = [&](const char* what, double milliseconds) {
      Print(what, milliseconds, "ms CPU");
      Print("  per process", milliseconds * 1e3 / processes, "us CPU");
    };
    (void)std::printf("%zu processes, %zu containers\n", snapshot_.processes.size(),
                      snapshot_.containers.size());
    const double look = Median(looks_) + Median(verdicts_);
    row("a look through /proc", Median(through_proc_));
    row("the kernel's records, alone", Median(records_));
    row("a pass over the rights (goal 15 ms of 10,000)", Median(rights_));
    Print("which seccomp filters they have", Median(asking_), "ms CPU");
    Print("  per task in filter mode (goal 1)",
          Median(asking_) * 1e3 / static_cast<double>(filtered_), "us CPU");
    Print("  for the first time", copying_, "ms CPU");
    (void)std::printf("  %zu filters copied for %zu tasks, %zu distinct programs\n", copied_,
                      filtered_, snapshot_.seccomp_programs.size());
    row("a look again through records", Median(looks_));
    row("  its verdicts, where nothing changed", Median(verdicts_));
    Print("both, per process (goal 1.2)", look * 1e3 / processes, "us CPU");
    Print("look through /proc / both (goal 35)", Median(through_proc_) / look, "");
    Print("  of the pass over the rights", Median(through_proc_) / Median(rights_), "");
    Print("first look and verdicts (goal 150)", start_, "ms CPU");
    for (const std::string& peer : peers) {
      const auto name = peer.substr(0, peer.find('='));
      const double cost = std::atof(peer.substr(std::min(peer.size(), name.size() + 1)).c_str());
      Print((name + " / both").c_str(), cost / look, "");
      Print((name + " / a pass over the rights").c_str(), cost / Median(rights_), "");
    }
    const long slab = Kilobytes("/proc/meminfo", "Slab:");
    for (int pass = 0; pass < 50; ++pass) Visit(iterator_, [](const TaskRecord&) {});
    (void)std::printf("slab after 50 passes: %+ld kB\n",
                      Kilobytes("/proc/meminfo", "Slab:") - slab);
    malloc_trim(0);
    Print("resident, with a Snapshot and a Report",
          static_cast<double>(Kilobytes("/proc/self/status", "VmRSS:")) / 1024, "MB");
  }

 private:
  void Look() {
    snapshot_ = Must(collector_.Look(options_));
    Judge();
  }

  void Judge() {
    (void)evaluator_.Judge(snapshot_, DigestFacts(snapshot_, key_));
    constexpr auto kInterval = std::chrono::nanoseconds(std::chrono::seconds(15)).count();
    now_ += kInterval;
    options_.now = Timestamp{now_};
  }

  void ReadFilters() { filtered_ = Must(filters_.Read()).tasks.size(); }

  void PassOverRights() {
    Visit(iterator_, [&](const TaskRecord& record) { pass_.Take(record); });
    (void)pass_.End();
  }

  Roots roots_ = Must(OpenRoots({}));
  TaskIterator iterator_ = Must(TaskIterator::Load());
  FilterReader filters_ = Must(FilterReader::Load());
  Collector collector_{Must(OpenRoots({})), Within(20'000, {}), OpenTasks(roots_, true)};
  std::vector<Check> checks_ = AllChecks();
  Benchmark benchmark_ = Must(LoadBenchmark(DefaultBenchmarkText(), "default.yaml", checks_));
  Evaluator evaluator_{benchmark_, {}};
  HashKey key_ = RandomKey();
  RightsPass pass_;
  CollectOptions options_;
  std::int64_t now_ = 1'700'000'000'000'000'000;
  Snapshot snapshot_;
  double start_ = 0, copying_ = 0;
  std::size_t filtered_ = 0, copied_ = 0;
  std::vector<double> through_proc_, records_, rights_, asking_, looks_, verdicts_;
};

}  // namespace
}  // namespace hullmark::bench

int main(int argc, char** argv) {
  const int rounds = argc >= 2 ? std::atoi(argv[1]) : 0;
  if (rounds < 1) {
    (void)std::fputs("usage: record_bench ROUNDS [NAME=MILLISECONDS...]\n", stderr);
    return 2;
  }
  hullmark::bench::Bench bench;
  bench.Run(rounds);
  bench.Report(std::vector<std::string>(argv + 2, argv + argc));
  return 0;
}
