// SPDX-License-Identifier: Apache-2.0
#include "agent/sinks/metrics/self_metrics.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <string>

#include "hullmark/check.h"
#include "hullmark/glob.h"
#include "hullmark/ids.h"
#include "hullmark/report.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"
#include "hullmark/waiver.h"
#include "tests/unit/sinks/metrics/exposition_text.h"
#include "tests/unit/sinks/world.h"

namespace hullmark {
namespace {

using hullmark::testing::MakeWorld;
using hullmark::testing::ParsedBody;
using hullmark::testing::ParseExposition;
using hullmark::testing::World;
using std::chrono::milliseconds;

class SelfMetricsTest : public ::testing::Test {
 protected:
  ParsedBody Body() const {
    const SelfMetrics::Written written = self_.Write();
    ParsedBody body = ParseExposition(written.text);
    EXPECT_EQ(body.samples.size(), written.series);
    return body;
  }

  SelfMetrics self_{"0.1.0", "abc"};
};

TEST_F(SelfMetricsTest, WhatNobodyKnowsYetIsAbsent) {
  const ParsedBody body = Body();
  EXPECT_EQ(body.Value("hullmark_build_info", {{"version", "0.1.0"}, {"revision", "abc"}}), 1);
  EXPECT_EQ(body.Value("hullmark_scans_total", {{"result", "failed"}}), 0);
  EXPECT_EQ(body.Value("hullmark_waivers", {{"state", "expired"}}), 0);
  EXPECT_TRUE(body.Values("hullmark_config_last_reload_successful").empty());
  EXPECT_TRUE(body.Values("hullmark_last_scan_timestamp_seconds").empty());
  EXPECT_TRUE(body.Values("hullmark_waiver_expiry_timestamp_seconds").empty());
}

TEST_F(SelfMetricsTest, ScansAreCountedAndTimed) {
  self_.CountScan(ScanResult::kOk, milliseconds(3));
  self_.CountScan(ScanResult::kPartial, milliseconds(700));
  self_.CountOverruns(1);
  const ParsedBody body = Body();
  EXPECT_EQ(body.Value("hullmark_scans_total", {{"result", "ok"}}), 1);
  EXPECT_EQ(body.Value("hullmark_scans_total", {{"result", "partial"}}), 1);
  EXPECT_EQ(body.Value("hullmark_scan_duration_seconds_bucket", {{"le", "0.005"}}), 1);
  EXPECT_EQ(body.Value("hullmark_scan_duration_seconds_count"), 2);
  EXPECT_EQ(body.Value("hullmark_scan_overruns_total"), 1);
}

TEST_F(SelfMetricsTest, ALookIsDescribed) {
  World world = MakeWorld();
  world.snapshot.counts.zombies = 4;
  world.snapshot.processes.push_back({.leader = {}, .stat = {}});
  world.snapshot.processes[0].executable = Missing(ErrorCode::kDenied, EACCES);
  world.snapshot.processes[0].rlimits = Missing(ErrorCode::kNotFound, ENOENT);
  world.report.summary.weight_known = 3;
  world.report.summary.weight_applicable = 4;
  self_.Describe(world.Input());
  self_.Describe(world.Input());
  const ParsedBody body = Body();
  EXPECT_EQ(body.Value("hullmark_last_scan_timestamp_seconds"), 1767323045.006);
  EXPECT_EQ(body.Value("hullmark_processes", {{"kind", "zombie"}}), 4);
  EXPECT_EQ(body.Value("hullmark_processes", {{"kind", "live"}}), 1);
  EXPECT_EQ(body.Value("hullmark_read_errors_total", {{"file", "exe"}, {"errno", "EACCES"}}), 2);
  EXPECT_TRUE(body.Values("hullmark_read_errors_total", {{"file", "limits"}}).empty());
  EXPECT_EQ(body.Value("hullmark_coverage_ratio"), 0.75);
  EXPECT_EQ(body.Value("hullmark_vantage_ok"), 1);
  EXPECT_EQ(body.Value("hullmark_violations_total", {{"control", "CAP-001"}}), 0);
}

TEST_F(SelfMetricsTest, OnlyTheBenchmarkInForceIsNamed) {
  World world = MakeWorld();
  self_.Describe(world.Input());
  world.benchmark.sha256 = std::string(64, '1');
  world.benchmark.version = "2";
  self_.Describe(world.Input());
  EXPECT_EQ(Body().Value("hullmark_benchmark_info", {{"version", "2"}}), 1);
  EXPECT_EQ(Body().Values("hullmark_benchmark_info").size(), 1U);
}

TEST_F(SelfMetricsTest, ChangesAreCounted) {
  self_.CountViolation("CAP-001", Severity::kCritical);
  self_.CountViolation("CAP-001", Severity::kCritical);
  self_.CountResolved("CAP-001", Severity::kCritical);
  const ParsedBody body = Body();
  EXPECT_EQ(
      body.Value("hullmark_violations_total", {{"control", "CAP-001"}, {"severity", "critical"}}),
      2);
  EXPECT_EQ(body.Value("hullmark_violations_resolved_total"), 1);
}

TEST_F(SelfMetricsTest, WaiversAndTheirNextExpiry) {
  World world = MakeWorld();
  const auto until = [](std::int64_t seconds) {
    return Waiver{.control = Glob("*"), .expires = Timestamp{seconds * 1'000'000'000}};
  };
  world.waivers = {until(1), until(7), until(5)};
  world.report.waivers = {{.state = WaiverState::kExpired},
                          {.state = WaiverState::kActive},
                          {.state = WaiverState::kExpiring}};
  self_.Describe(world.Input());
  EXPECT_EQ(Body().Value("hullmark_waivers", {{"state", "active"}}), 1);
  EXPECT_EQ(Body().Value("hullmark_waivers", {{"state", "expired"}}), 1);
  EXPECT_EQ(Body().Value("hullmark_waiver_expiry_timestamp_seconds"), 5);
  world.report.waivers.clear();
  self_.Describe(world.Input());
  EXPECT_EQ(Body().Value("hullmark_waivers", {{"state", "active"}}), 0);
  EXPECT_TRUE(Body().Values("hullmark_waiver_expiry_timestamp_seconds").empty());
}

TEST_F(SelfMetricsTest, FeaturesAndRestarts) {
  self_.SetFeature("events", true);
  self_.SetFeature("state", false);
  self_.CountGatewayRestarts(2);
  EXPECT_EQ(Body().Value("hullmark_feature_ok", {{"feature", "events"}}), 1);
  EXPECT_EQ(Body().Value("hullmark_feature_ok", {{"feature", "state"}}), 0);
  EXPECT_EQ(Body().Value("hullmark_gateway_restarts_total"), 2);
}

TEST_F(SelfMetricsTest, AFeatureThatIsSwitchedOffHasNoSeries) {
  self_.SetFeature("textfile", true);
  self_.ForgetFeature("textfile");
  self_.ForgetFeature("events");
  EXPECT_TRUE(Body().Values("hullmark_feature_ok").empty());
}

TEST_F(SelfMetricsTest, AFailedReloadKeepsTheTimeOfTheLastGoodOne) {
  self_.SetReload(true, Timestamp{1'000'000'000});
  self_.SetReload(false, Timestamp{9'000'000'000});
  EXPECT_EQ(Body().Value("hullmark_config_last_reload_successful"), 0);
  EXPECT_EQ(Body().Value("hullmark_config_last_reload_success_timestamp_seconds"), 1);
}

TEST_F(SelfMetricsTest, AProcessThatWasReplacedCountsAnew) {
  self_.SetProcess("gateway", {.cpu_seconds = 3, .resident_bytes = 4096});
  self_.SetProcess("gateway", {.cpu_seconds = 4, .resident_bytes = 8192});
  EXPECT_EQ(Body().Value("process_cpu_seconds_total", {{"process", "gateway"}}), 4);
  self_.SetProcess("gateway", {.cpu_seconds = 0.5});
  EXPECT_EQ(Body().Value("process_cpu_seconds_total", {{"process", "gateway"}}), 0.5);
  EXPECT_EQ(Body().Value("process_resident_memory_bytes", {{"process", "gateway"}}), 0);
}

TEST_F(SelfMetricsTest, WhatIsNotKnownOfAProcessIsAbsent) {
  self_.SetProcess("gateway", {.cpu_seconds = 1, .open_fds = 0, .max_fds = 1024});
  EXPECT_EQ(Body().Value("process_open_fds", {{"process", "gateway"}}), 0);
  EXPECT_EQ(Body().Value("process_max_fds", {{"process", "gateway"}}), 1024);
  self_.SetProcess("gateway", {.cpu_seconds = 2});
  const std::string text = self_.Write().text;
  EXPECT_FALSE(text.contains("process_open_fds{"));
  EXPECT_FALSE(text.contains("process_max_fds{"));
  EXPECT_TRUE(text.contains("process_cpu_seconds_total{process=\"gateway\"} 2"));
}

TEST_F(SelfMetricsTest, RequestsComeInParts) {
  self_.CountRequests("/metrics", 200, 3);
  self_.CountRequests("/metrics", 200, 4);
  EXPECT_EQ(Body().Value("hullmark_http_requests_total", {{"path", "/metrics"}, {"code", "200"}}),
            7);
}

}  // namespace
}  // namespace hullmark
