// SPDX-License-Identifier: Apache-2.0
#include "agent/cli/thresholds.h"

#include <gtest/gtest.h>

#include "agent/cli/command.h"
#include "hullmark/benchmark.h"
#include "hullmark/check.h"
#include "hullmark/report.h"

namespace hullmark {
namespace {

// One container of score 50 that fails something medium, a host that fails something critical,
// three quarters of everything read.
class ThresholdsTest : public testing::Test {
 protected:
  ThresholdsTest() {
    report_.containers.resize(1);
    report_.containers[0].score.exposure = MilliPoints{1000} * benchmark_.scoring.half_life;
    report_.containers[0].findings = {{.status = Status::kFail, .severity = Severity::kMedium},
                                      {.status = Status::kUnknown, .severity = Severity::kCritical},
                                      {.status = Status::kWaived, .severity = Severity::kCritical},
                                      {.status = Status::kPass, .severity = Severity::kCritical}};
    report_.host.findings = {{.status = Status::kFail, .severity = Severity::kCritical}};
    report_.summary.weight_known = 3;
    report_.summary.weight_applicable = 4;
  }
  Exit Applied(const Thresholds& thresholds) {
    testing::internal::CaptureStderr();
    const Exit exit = ApplyThresholds(thresholds, benchmark_, report_);
    EXPECT_EQ(testing::internal::GetCapturedStderr().empty(), exit == Exit::kDone);
    return exit;
  }

  Benchmark benchmark_;
  Report report_;
};

TEST_F(ThresholdsTest, WithoutThemNothingIsViolated) {
  EXPECT_EQ(Applied({}), Exit::kDone);
  report_ = Report();
  EXPECT_EQ(Applied({.fail_on = Severity::kInfo, .min_score = 100, .min_coverage = 1}),
            Exit::kDone);
}

TEST_F(ThresholdsTest, AFailOfTheSeverityOrAboveIs) {
  EXPECT_EQ(Applied({.fail_on = Severity::kLow, .host_counts = false}), Exit::kViolation);
  EXPECT_EQ(Applied({.fail_on = Severity::kMedium, .host_counts = false}), Exit::kViolation);
  EXPECT_EQ(Applied({.fail_on = Severity::kHigh, .host_counts = false}), Exit::kDone);
  EXPECT_EQ(Applied({.fail_on = Severity::kHigh}), Exit::kViolation) << "the host counts";
}

TEST_F(ThresholdsTest, AScoreBelowIs) {
  EXPECT_EQ(Applied({.min_score = 50}), Exit::kDone);
  EXPECT_EQ(Applied({.min_score = 50.01}), Exit::kViolation);
}

TEST_F(ThresholdsTest, TooLittleCoverageIsBlindWhateverElseFails) {
  EXPECT_EQ(Applied({.min_coverage = 0.75}), Exit::kDone);
  EXPECT_EQ(Applied({.min_coverage = 0.76}), Exit::kBlind);
  EXPECT_EQ(Applied({.fail_on = Severity::kLow, .min_score = 100, .min_coverage = 0.76}),
            Exit::kBlind);
}

}  // namespace
}  // namespace hullmark
