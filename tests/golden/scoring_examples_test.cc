// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "agent/benchmark/load.h"
#include "agent/evaluate/evaluate.h"
#include "checks/table.h"
#include "hullmark/benchmark.h"
#include "hullmark/check.h"
#include "hullmark/facts.h"
#include "hullmark/ids.h"
#include "hullmark/limits.h"
#include "hullmark/report.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"
#include "tests/golden/scoring_host.h"
#include "tests/unit/checks/mount_scene.h"

// Well-known kinds of container against the shipped benchmark, to the point: no new control or
// weight may move them unnoticed.
namespace hullmark {
namespace {

const Benchmark& Shipped() {
  static const std::vector<Check> checks = AllChecks();
  static const auto benchmark = LoadBenchmark(DefaultBenchmarkText(), "default.yaml", checks);
  return benchmark.value();
}

ContainerReport Judged(const ScoringHost& host) {
  return Evaluate(host.snapshot, Shipped(), {}).containers.at(0);
}

// What costs points, in whole points.
using Costs = std::map<std::string, std::int64_t>;

Costs CostsOf(const ContainerReport& report) {
  Costs costs;
  for (const Finding& finding : report.findings) {
    const std::string& id = Shipped().controls[finding.control].id;
    if (finding.points > 0) costs[id] = finding.points / 1000;
    EXPECT_NE(finding.status, Status::kUnknown) << id;
  }
  return costs;
}

const Costs kDockerDefaults = {{"CAP-008", 4}, {"CAP-009", 2}, {"CAP-014", 3}, {"PRV-001", 6},
                               {"NS-006", 2},  {"USR-001", 6}, {"USR-002", 6}, {"RES-001", 6},
                               {"RES-003", 2}, {"RES-006", 6}, {"RES-007", 2}, {"FS-009", 4}};

TEST(ScoringExamples, Hardened) {
  const ContainerReport report = Judged(ScoringHost(Shipped()));
  EXPECT_EQ(CostsOf(report), Costs{});
  EXPECT_EQ(report.score.grade, Grade::kA);
  EXPECT_EQ(report.score.coverage(), 1.0);
}

TEST(ScoringExamples, HardenedWithTheHostsNetwork) {
  ScoringHost host(Shipped());
  host.UseHost(NamespaceKind::kNet);
  const ContainerReport report = Judged(host);
  EXPECT_EQ(CostsOf(report), (Costs{{"NS-002", 25}}));
  EXPECT_NEAR(ScoreOf(report.score.exposure, Shipped().scoring), 70.7, 0.05);
  EXPECT_EQ(report.score.grade, Grade::kC);
}

TEST(ScoringExamples, HardenedWithTheSocketOfItsRuntime) {
  ScoringHost host(Shipped());
  host.AddPath("/run/docker.sock", "/run/docker.sock", testing::kHostRun, "/docker.sock");
  host.InContainer({.at = "/var/run/docker.sock",
                    .type = "tmpfs",
                    .device = testing::kHostRun,
                    .root = "/docker.sock"});
  const ContainerReport report = Judged(host);
  EXPECT_EQ(CostsOf(report), (Costs{{"FS-001", 125}}));
  EXPECT_TRUE(report.score.critical);
  EXPECT_EQ(report.score.grade, Grade::kF);
}

TEST(ScoringExamples, DockerDefaults) {
  ScoringHost host(Shipped());
  host.UseDockerDefaults();
  const ContainerReport report = Judged(host);
  EXPECT_EQ(CostsOf(report), kDockerDefaults);
  EXPECT_EQ(report.score.exposure, 49'000);
  EXPECT_NEAR(ScoreOf(report.score.exposure, Shipped().scoring), 50.7, 0.05);
  EXPECT_EQ(report.score.grade, Grade::kC);
}

TEST(ScoringExamples, DockerDefaultsWithMemoryAndPidsLimits) {
  ScoringHost host(Shipped());
  host.UseDockerDefaults();
  host.limits().memory = ScoringHost(Shipped()).limits().memory;
  host.limits().pids = ScoringHost(Shipped()).limits().pids;
  Costs expected = kDockerDefaults;
  expected.erase("RES-001");
  expected.erase("RES-006");
  const ContainerReport report = Judged(host);
  EXPECT_EQ(CostsOf(report), expected);
  EXPECT_EQ(report.score.exposure, 37'000);
}

TEST(ScoringExamples, PodWithTheDefaultsOfMostClusters) {
  ScoringHost host(Shipped());
  host.UseDockerDefaults();
  host.status().seccomp = SeccompMode::kOff;
  host.status().seccomp_filters = 0;
  host.limits().pids = ScoringHost(Shipped()).limits().pids;
  Costs expected = kDockerDefaults;
  expected.erase("RES-006");
  expected["SCP-001"] = 25;
  const ContainerReport report = Judged(host);
  EXPECT_EQ(CostsOf(report), expected);
  EXPECT_EQ(report.score.exposure, 68'000);
  EXPECT_EQ(report.score.grade, Grade::kD);
}

TEST(ScoringExamples, RestrictedPodWithLimits) {
  ScoringHost host(Shipped());
  host.UseHost(NamespaceKind::kUser);
  host.SetIds({1000, 1000, 1000, 1000}, {1000, 1000, 1000, 1000});
  host.limits().swap = {.value = Limit{}};
  const ContainerReport report = Judged(host);
  EXPECT_EQ(CostsOf(report), (Costs{{"NS-006", 2}, {"RES-003", 2}}));
  EXPECT_EQ(report.score.grade, Grade::kA);
}

const Costs kPrivileged = {
    {"CAP-001", 125}, {"CAP-002", 125}, {"CAP-003", 105}, {"CAP-004", 50}, {"CAP-005", 25},
    {"CAP-006", 35},  {"CAP-007", 20},  {"CAP-008", 4},   {"CAP-009", 25}, {"CAP-010", 20},
    {"CAP-011", 25},  {"CAP-012", 5},   {"CAP-014", 3},   {"PRV-001", 6},  {"SCP-001", 25},
    {"LSM-001", 16},  {"NS-006", 2},    {"USR-001", 6},   {"USR-002", 6},  {"RES-001", 6},
    {"RES-003", 2},   {"RES-006", 6},   {"RES-007", 2},   {"DEV-001", 40}, {"FS-005", 5},
    {"FS-006", 35},   {"FS-007", 25},   {"FS-009", 4},    {"RUN-001", 125}};

TEST(ScoringExamples, Privileged) {
  ScoringHost host(Shipped());
  host.UsePrivileged();
  const ContainerReport report = Judged(host);
  EXPECT_EQ(CostsOf(report), kPrivileged);
  EXPECT_EQ(report.score.exposure, 878'000);
  EXPECT_TRUE(report.score.critical);
  EXPECT_EQ(report.score.grade, Grade::kF);
}

TEST(ScoringExamples, PrivilegedOnAKernelWithACapabilityThatNoControlNames) {
  ScoringHost host(Shipped());
  host.UsePrivileged(41);
  Costs expected = kPrivileged;
  expected["CAP-013"] = 16;
  const ContainerReport report = Judged(host);
  EXPECT_EQ(CostsOf(report), expected);
  EXPECT_EQ(report.score.exposure, 894'000);
}

TEST(ScoringExamples, HardenedWithoutTheRightToReadNamespaces) {
  ScoringHost host(Shipped());
  for (std::size_t kind = 0; kind < kNamespaceKinds; ++kind) {
    host.task().namespaces.Set(static_cast<NamespaceKind>(kind), Missing(ErrorCode::kDenied, 13));
  }
  const ContainerReport report = Judged(host);
  MilliPoints of_links = 0;
  for (const Finding& finding : report.findings) {
    const std::string& id = Shipped().controls[finding.control].id;
    if (id < "NS-001" || id > "NS-007") continue;
    EXPECT_EQ(finding.status, Status::kUnknown) << id;
    of_links += finding.points;
  }
  EXPECT_EQ(of_links, 177'000);
  EXPECT_GE(report.score.exposure, of_links);
  EXPECT_EQ(report.score.exposure_known, 0);
  EXPECT_LE(report.score.weight_known + 177, report.score.weight_applicable);
  EXPECT_FALSE(report.score.critical);
}

}  // namespace
}  // namespace hullmark
