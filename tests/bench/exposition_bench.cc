// SPDX-License-Identifier: Apache-2.0
// exposition_bench: what a publication of 100,000 series costs, beside a registry of prometheus-cpp
// with the same series, in interleaved rounds; medians of CPU time.
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>
#include <zconf.h>
#include <zlib.h>

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <ctime>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/sinks/metrics/exposition.h"
#include "agent/sinks/metrics/self_metrics.h"
#include "tests/bench/crowd.h"
#include "tests/unit/sinks/world.h"

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

// The violations as a registry has them; the other families are left out, to its favour.
void Fill(const testing::World& world, prometheus::Registry& registry, std::size_t series) {
  auto& family =
      prometheus::BuildGauge().Name("hullmark_violation").Help("Violations.").Register(registry);
  for (std::size_t i = 0; i < series; ++i) {
    const std::size_t container = i / kCrowdControls;
    family
        .Add({{"container", "web-frontend-" + std::to_string(container)},
              {"namespace", ""},
              {"pod", ""},
              {"runtime", "containerd"},
              {"control", world.benchmark.controls[i % kCrowdControls].id},
              {"severity", "medium"}})
        .Set(1);
  }
}

// As gzip(1) of level 1 would be.
std::size_t Compress(std::string_view text, std::string& out) {
  constexpr int kGzip = 15 + 16;
  constexpr int kMemory = 8;
  z_stream stream = {};
  deflateInit2(&stream, 1, Z_DEFLATED, kGzip, kMemory, Z_DEFAULT_STRATEGY);
  out.resize(deflateBound(&stream, text.size()));
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  const std::size_t size = stream.total_out;
  deflateEnd(&stream);
  return size;
}

void Print(const char* what, double milliseconds, std::size_t series) {
  (void)std::printf("%-34s %10.2f ms CPU %8.4f us/series\n", what, milliseconds,
                    milliseconds * 1e3 / static_cast<double>(series));
}

void Measure() {
  constexpr int kRounds = 7;
  const testing::World world = Crowd();
  Exposition exposition({.max_series = 1'000'000});
  SelfMetrics self("0", "");
  self.Describe(world.Input());
  std::string_view body = exposition.Render(world.Input(), self);
  const std::size_t series = exposition.series();
  prometheus::Registry registry;
  Fill(world, registry, series);
  std::vector<double> ours, theirs, gzip;
  std::string packed;
  std::size_t packed_size = 0;
  for (int round = 0; round < kRounds; ++round) {
    ours.push_back(Cost([&] { body = exposition.Render(world.Input(), self); }));
    theirs.push_back(Cost([&] { prometheus::TextSerializer().Serialize(registry.Collect()); }));
    gzip.push_back(Cost([&] { packed_size = Compress(body, packed); }));
  }
  (void)std::printf("%zu series, %zu bytes, %zu compressed\n", series, body.size(), packed_size);
  Print("exposition", Median(ours), series);
  Print("registry of prometheus-cpp", Median(theirs), series);
  (void)std::printf("%-34s %10.1f\n", "registry / exposition", Median(theirs) / Median(ours));
  Print("gzip, level 1", Median(gzip), series);
}

}  // namespace
}  // namespace hullmark::bench

int main() {
  hullmark::bench::Measure();
  return 0;
}
