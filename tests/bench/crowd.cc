// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/crowd.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "hullmark/benchmark.h"
#include "hullmark/check.h"
#include "hullmark/report.h"
#include "hullmark/snapshot.h"
#include "tests/unit/sinks/world.h"

namespace hullmark::bench {
namespace {

constexpr int kContainers = 1'780;  // Of 56 series each.

}  // namespace

testing::World Crowd() {
  testing::World world = testing::MakeWorld();
  Benchmark& benchmark = world.benchmark;
  const Control pattern = benchmark.controls[1];
  benchmark.controls.clear();
  std::vector<Finding> findings;
  for (std::size_t i = 0; i < kCrowdControls; ++i) {
    benchmark.controls.push_back(pattern);
    benchmark.controls.back().id = "CTL-" + std::to_string(100 + i);
    findings.push_back({.control = static_cast<std::uint16_t>(i),
                        .status = Status::kFail,
                        .severity = Severity::kMedium,
                        .points = 1000});
  }
  for (int i = 0; i < kContainers; ++i) {
    Container& container = world.snapshot.containers.emplace_back();
    container.id = world.snapshot.strings.Intern("4c01db0b339c" + std::to_string(i));
    container.name = world.snapshot.strings.Intern("web-frontend-" + std::to_string(i));
    container.image = world.snapshot.strings.Intern("registry.example.com/team/app:7");
    container.runtime = Runtime::kContainerd;
    world.report.containers.push_back({.container = static_cast<std::uint32_t>(i),
                                       .score = {.exposure = 50'000, .exposure_known = 50'000},
                                       .findings = findings});
  }
  world.report.host.findings.clear();
  return world;
}

}  // namespace hullmark::bench
