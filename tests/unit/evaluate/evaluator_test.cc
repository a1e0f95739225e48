// SPDX-License-Identifier: Apache-2.0
#include "agent/evaluate/evaluator.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "agent/evaluate/evaluate.h"
#include "hullmark/check.h"
#include "hullmark/fact_digests.h"
#include "hullmark/glob.h"
#include "hullmark/ids.h"
#include "hullmark/report.h"
#include "hullmark/waiver.h"
#include "tests/unit/evaluate/world.h"

namespace hullmark {
namespace {

// Three containers of one process each, that all fail, and what the facts of each come to.
class EvaluatorTest : public testing::Test {
 protected:
  EvaluatorTest() {
    for (const char* const name : {"a", "b", "c"}) {
      world_.AddProcess(world_.AddContainer(name));
      digests_.containers.push_back(digests_.containers.size() + 1);
    }
    world_.AddControl(Scope::kProcess, kHighPrice, {Fails("note"), Fails(), Fails()});
    world_.AddControl(Scope::kHost, kLowPrice, {Fails()});
  }

  std::size_t Judge() {
    report_ = &evaluator_.Judge(world_.snapshot, digests_);
    return evaluator_.judged().containers;
  }

  World world_;
  FactDigests digests_;
  std::vector<Waiver> waivers_;
  EvaluateOptions options_;
  Evaluator evaluator_{world_.benchmark, options_};
  const Report* report_ = nullptr;
};

TEST_F(EvaluatorTest, JudgesAllTheFirstTime) {
  EXPECT_EQ(Judge(), 3U);
  EXPECT_TRUE(evaluator_.judged().host);
}

TEST_F(EvaluatorTest, JudgesWhatChanged) {
  Judge();
  EXPECT_EQ(Judge(), 0U);
  EXPECT_FALSE(evaluator_.judged().host);
  digests_.containers[1] = 9;
  EXPECT_EQ(Judge(), 1U);
  digests_.host = 9;
  EXPECT_EQ(Judge(), 0U);
  EXPECT_TRUE(evaluator_.judged().host);
}

TEST_F(EvaluatorTest, WhatIsKeptIsWhatWasSaid) {
  Judge();
  world_.snapshot.containers.erase(world_.snapshot.containers.begin());
  digests_.containers = {2, 3};
  EXPECT_EQ(Judge(), 0U);
  ASSERT_EQ(report_->containers.size(), 2U);
  const Finding& finding = report_->containers[0].findings.at(0);
  EXPECT_EQ(finding.status, Status::kFail);
  EXPECT_EQ(Facts(*report_, finding), std::vector<std::string>{"1 fails"});
  EXPECT_EQ(report_->evidence[finding.evidence_begin].pid, Pid{101});
  EXPECT_EQ(report_->containers[0].score.exposure, 25'000);
  EXPECT_EQ(Facts(*report_, report_->host.findings.at(0)), std::vector<std::string>{"0 fails"});
}

TEST_F(EvaluatorTest, WhatComesBackIsJudged) {
  Judge();
  const std::uint64_t before = std::exchange(digests_.containers[0], 9U);
  Judge();
  digests_.containers[0] = before;
  EXPECT_EQ(Judge(), 1U);
}

Verdict FailByItsCgroup(const ContainerView& view, const Params& /*params*/, EvidenceOut out) {
  if (out != nullptr) out->push_back({.cgroup = view.container.cgroup, .source = "memory.max"});
  return Fails();
}

TEST_F(EvaluatorTest, AControlGroupIsNamedByItsPlaceNow) {
  constexpr Check kCheck = {.id = "CGROUP", .evaluate = FailByItsCgroup, .params = {}};
  world_.AddControl(Scope::kContainer, kLowPrice, {}).check = &kCheck;
  world_.snapshot.cgroups.resize(2);
  world_.snapshot.containers[2].cgroup = CgroupIndex{1};
  digests_.cgroups = {71, 72};
  Judge();
  const auto place = [&] { return report_->evidence.back().cgroup; };
  EXPECT_EQ(place(), CgroupIndex{1});
  digests_.cgroups = {72, 71};
  EXPECT_EQ(Judge(), 0U);
  EXPECT_EQ(place(), CgroupIndex{0});
  digests_.cgroups = {71, 73};
  EXPECT_EQ(Judge(), 1U);  // It is gone: what named it cannot hold.
  EXPECT_EQ(place(), CgroupIndex{1});
}

TEST_F(EvaluatorTest, WaiversEndWithoutAJudgement) {
  const std::vector<Waiver> waivers = {{.control = Glob("C-0"), .expires = Timestamp{10}}};
  Evaluator evaluator(world_.benchmark, {.waivers = waivers});
  const auto status_at = [&](std::int64_t time) {
    world_.snapshot.taken_at = Timestamp{time};
    const Report& report = evaluator.Judge(world_.snapshot, digests_);
    EXPECT_EQ(report.waivers.at(0).findings, 3U);
    return std::pair(report.containers[0].findings[0].status, report.containers[0].score.exposure);
  };
  EXPECT_EQ(status_at(8), std::pair(Status::kWaived, MilliPoints{0}));
  EXPECT_EQ(status_at(9), std::pair(Status::kWaived, MilliPoints{0}));
  EXPECT_EQ(status_at(10), std::pair(Status::kFail, MilliPoints{25'000}));
  EXPECT_EQ(status_at(9), std::pair(Status::kWaived, MilliPoints{0}));  // The clock was set back.
  EXPECT_EQ(evaluator.judged().containers, 0U);
}

}  // namespace
}  // namespace hullmark
