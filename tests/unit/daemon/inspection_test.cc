// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon/inspection.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "agent/base/file.h"
#include "agent/daemon/agent.h"
#include "agent/daemon/event_memory.h"
#include "agent/gateway/documents.h"
#include "hullmark/benchmark.h"
#include "hullmark/check.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"
#include "tests/unit/evaluate/changes_world.h"
#include "tests/unit/evaluate/world.h"
#include "tests/unit/temp_tree.h"

namespace hullmark {
namespace {

class InspectionTest : public testing::Test {
 protected:
  InspectionTest() {
    tree_.MakeDirectory("state");
    See({.containers = {{.processes = {{.says = {{0, Fails()}}}}}}}, 1);
  }

  void See(ActedScene scene, int scan) {
    scene_ = std::move(scene);
    taken_at_ = scan * kScanInterval;
  }

  Standard MakeStandard() const {
    Standard standard{.benchmark = ActedScan(scene_, taken_at_).judged().benchmark};
    standard.config.events.debounce = 1;
    standard.config.metrics.textfile = textfile_;
    return standard;
  }

  Inspection Make() {
    return {{.look = [this](const Standard&) { return Look(); },
             .now = [] { return Timestamp{1}; },
             .version = "1.2.3",
             .command = "hullmark"},
            MakeStandard(),
            EventMemory::Open({.state_dir = tree_.Path("state"),
                               .events_file = tree_.Path("events.jsonl"),
                               .user = Uid{geteuid()}},
                              [](const std::string&) {})};
  }

  Result<Snapshot> Look() const {
    if (throws_) throw std::runtime_error("the look threw");
    auto snapshot = ActedScan(scene_, taken_at_).TakeSnapshot();
    snapshot.vantage.source = source_;
    snapshot.vantage.problems = problems_;
    return snapshot;
  }

  static std::string MetricsOf(const Scanned& scanned) {
    const auto documents = Documents::Open(Fd(dup(scanned.documents->get()))).value();
    return std::string(documents->Find("/metrics").value().plain);
  }

  TempTree tree_;
  std::string textfile_;
  ActedScene scene_;
  std::int64_t taken_at_ = 0;
  bool throws_ = false;
  TaskSource source_ = TaskSource::kProc;
  std::vector<VantageProblem> problems_;
};

TEST_F(InspectionTest, TheDiskComesAfterThePicture) {
  Inspection inspection = Make();
  const Scanned scanned = inspection.Scan({});
  ASSERT_TRUE(scanned.looked && scanned.documents);
  EXPECT_NE(
      MetricsOf(scanned).find("hullmark_violations_total{control=\"C-0\",severity=\"high\"} 1"),
      std::string::npos);
  EXPECT_EQ(tree_.Text("state/state.json"), "");
  EXPECT_EQ(tree_.Text("events.jsonl"), "");
  inspection.Settle();
  EXPECT_NE(tree_.Text("events.jsonl").find("violation_appeared"), std::string::npos);
}

TEST_F(InspectionTest, AChangedSeverityIsCountedOnBothSides) {
  Inspection inspection = Make();
  (void)inspection.Scan({});
  See({.containers = {{.processes = {{.says = {{0, FailsAt(kLowPrice)}}}}}}}, 2);
  inspection.Replace(MakeStandard());
  const std::string metrics = MetricsOf(inspection.Scan({}));
  const auto has = [&](const char* line) { return metrics.find(line) != std::string::npos; };
  EXPECT_TRUE(has("hullmark_violations_resolved_total{control=\"C-0\",severity=\"high\"} 1"));
  EXPECT_TRUE(has("hullmark_violations_total{control=\"C-0\",severity=\"low\"} 1"));
}

TEST_F(InspectionTest, AFeatureThatAReloadSwitchesOffHasNoSeries) {
  tree_.MakeDirectory("textfile");
  textfile_ = tree_.Path("textfile");
  Inspection inspection = Make();
  const char* const series = "hullmark_feature_ok{feature=\"textfile\"}";
  EXPECT_NE(MetricsOf(inspection.Scan({})).find(series), std::string::npos);
  textfile_.clear();
  inspection.Replace(MakeStandard());
  EXPECT_EQ(MetricsOf(inspection.Scan({})).find(series), std::string::npos);
}

// On, given up, and where nobody asked for it.
TEST_F(InspectionTest, BpfThatIsMissedIsAFeatureThatDoesNotWork) {
  Inspection inspection = Make();
  const std::string series = "hullmark_feature_ok{feature=\"bpf\"}";
  EXPECT_EQ(MetricsOf(inspection.Scan({})).find(series), std::string::npos);
  source_ = TaskSource::kBpf;
  EXPECT_NE(MetricsOf(inspection.Scan({})).find(series + " 1\n"), std::string::npos);
  source_ = TaskSource::kProc;
  problems_ = {{.id = "bpf", .text = "it differs", .remedy = "none"}};
  EXPECT_NE(MetricsOf(inspection.Scan({})).find(series + " 0\n"), std::string::npos);
}

TEST_F(InspectionTest, ATextfileThatCannotBeWrittenIsToldAtOnce) {
  textfile_ = tree_.Path("textfile");
  Inspection inspection = Make();
  const auto says = [&](int works) {
    const auto line = "hullmark_feature_ok{feature=\"textfile\"} " + std::to_string(works) + "\n";
    return MetricsOf(inspection.Scan({})).find(line) != std::string::npos;
  };
  EXPECT_TRUE(says(0));
  tree_.MakeDirectory("textfile");
  EXPECT_TRUE(says(1));
  EXPECT_NE(tree_.Text("textfile/hullmark.prom").find("feature=\"textfile\"} 1\n"),
            std::string::npos);
  tree_.Remove("textfile");
  EXPECT_TRUE(says(0));
}

TEST_F(InspectionTest, AnotherStandardJudgesWhatDidNotChange) {
  Inspection inspection = Make();
  const auto violations = [&] {
    return MetricsOf(inspection.Scan({})).find("\nhullmark_violation{") != std::string::npos;
  };
  EXPECT_TRUE(violations());
  EXPECT_TRUE(violations());
  See({.containers = {{.processes = {{.says = {{0, Passes()}}}}}}}, 2);  // The facts are the same.
  EXPECT_TRUE(violations());
  inspection.Replace(MakeStandard());
  EXPECT_FALSE(violations());
}

constexpr ParamSpec kLearn[] = {{"learn_seconds", ParamType::kInteger}};
constexpr Check kLearned = {
    .id = "RUN-003",
    .evaluate = [](const TaskView& view, const Params&, EvidenceOut) -> Verdict {
      return view.container.learned ? Fails() : Passes();
    },
    .params = kLearn};

// What a container runs is part of the look, and kept once the picture is out.
TEST_F(InspectionTest, ProgramsAreLearnedWhereAControlGoesByThem) {
  Standard standard = MakeStandard();
  Control& control = standard.benchmark.controls[0];
  control.check = &kLearned;
  control.params = Params({std::int64_t{600}});
  control.disabled = "elsewhere";
  Inspection inspection = Make();
  const auto violations = [&](const Standard& by) {
    inspection.Replace(by);
    const bool found =
        MetricsOf(inspection.Scan({})).find("\nhullmark_violation{") != std::string::npos;
    inspection.Settle();
    return found;
  };
  EXPECT_FALSE(violations(standard));
  EXPECT_EQ(tree_.Text("state/programs.json"), "");
  control.disabled.clear();
  EXPECT_TRUE(violations(standard));
  EXPECT_NE(tree_.Text("state/programs.json").find("\"boot_id\":\"boot\""), std::string::npos);
}

TEST_F(InspectionTest, WhatIsThrownIsAFailedScan) {
  Inspection inspection = Make();
  throws_ = true;
  const Scanned failed = inspection.Scan({});
  EXPECT_FALSE(failed.looked);
  ASSERT_FALSE(failed.documents);
  EXPECT_EQ(failed.documents.error().message, "the look threw");
  throws_ = false;
  EXPECT_NE(MetricsOf(inspection.Scan({})).find("hullmark_scans_total{result=\"failed\"} 1"),
            std::string::npos);
}

TEST_F(InspectionTest, WhatCannotBePublishedWasLookedAt) {
  Inspection inspection = Make();
  struct rlimit before = {};
  getrlimit(RLIMIT_NOFILE, &before);
  const struct rlimit none = {.rlim_cur = 0, .rlim_max = before.rlim_max};
  setrlimit(RLIMIT_NOFILE, &none);
  const Scanned scanned = inspection.Scan({});
  setrlimit(RLIMIT_NOFILE, &before);
  EXPECT_TRUE(scanned.looked);
  EXPECT_FALSE(scanned.documents);
}

}  // namespace
}  // namespace hullmark
