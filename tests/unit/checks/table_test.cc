// SPDX-License-Identifier: Apache-2.0
#include "checks/table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "agent/benchmark/load.h"
#include "hullmark/benchmark.h"
#include "hullmark/caps.h"
#include "hullmark/check.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"
#include "tests/unit/checks/builder.h"

namespace hullmark::testing {
namespace {

// Every check with the parameters of the shipped benchmark.
struct Row {
  const Check* check;
  Params params;
};

class EveryCheck : public ::testing::Test {
 protected:
  EveryCheck() {
    const Result<Benchmark> benchmark =
        LoadBenchmark(DefaultBenchmarkText(), "default.yaml", checks_);
    if (!benchmark) ADD_FAILURE() << benchmark.error().message;
    if (!benchmark) return;
    for (const Control& control : benchmark->controls) {
      rows_.push_back({.check = control.check, .params = control.params});
    }
  }

  // The outcome of each check on the scene's process 0, container 0 and host.
  std::vector<std::pair<std::string, Outcome>> JudgeAll(const Scene& scene) const {
    std::vector<std::pair<std::string, Outcome>> outcomes;
    for (const Row& row : rows_) {
      std::vector<Evidence> evidence;
      const Verdict verdict = Judge(checks_, row.check->id, scene, row.params, &evidence);
      EXPECT_EQ(verdict, Judge(checks_, row.check->id, scene, row.params))
          << row.check->id << ": wanting evidence changes the verdict";
      const bool proved = verdict.outcome == Outcome::kPass ||
                          verdict.outcome == Outcome::kNotApplicable || !evidence.empty();
      EXPECT_TRUE(proved) << row.check->id << " proves nothing";
      outcomes.emplace_back(row.check->id, verdict.outcome);
    }
    return outcomes;
  }

  void ExpectNoPass(const Scene& scene, std::string_view what) const {
    ASSERT_FALSE(rows_.empty());
    for (const auto& [id, outcome] : JudgeAll(scene)) {
      EXPECT_NE(outcome, Outcome::kPass) << id << " passes: " << what;
    }
  }

  std::vector<Check> checks_ = AllChecks();
  std::vector<Row> rows_;
};

TEST(AllChecks, IdsAreUniqueAndWellFormed) {
  std::vector<std::string_view> ids;
  for (const Check& check : AllChecks()) ids.push_back(check.id);
  EXPECT_EQ(ids.size(), 80U);
  for (const std::string_view id : ids) {
    ASSERT_GE(id.size(), 6U) << id;
    EXPECT_EQ(id[id.size() - 4], '-') << id;
  }
  std::ranges::sort(ids);
  EXPECT_EQ(std::ranges::adjacent_find(ids), ids.end());
}

TEST(AllChecks, StandInCatalogueOrder) {
  const std::vector<std::string_view> families = {"CAP", "PRV", "SCP", "LSM", "NS",  "USR",
                                                  "RES", "DEV", "FS",  "RUN", "HST", "DMN"};
  std::vector<std::pair<std::ptrdiff_t, std::string_view>> places;
  for (const Check& check : AllChecks()) {
    const auto family = std::ranges::find(families, check.id.substr(0, check.id.find('-')));
    ASSERT_NE(family, families.end()) << check.id;
    places.emplace_back(family - families.begin(), check.id);
  }
  EXPECT_TRUE(std::ranges::is_sorted(places));
}

// Names of things outside hullmark: any may be meant, so the loader cannot know a mistyped one.
constexpr std::string_view kOpen[] = {
    "accept_profiles", "accept_types",    "reject_types", "deny_fstypes",   "paths",  "required",
    "recommended",     "trusted_helpers", "shells",       "allowed_groups", "scratch"};

TEST(AllChecks, SayWhichWordsTheyKnow) {
  for (const Check& check : AllChecks()) {
    for (const ParamSpec& spec : check.params) {
      const bool text = spec.type == ParamType::kStrings;
      const bool open = std::ranges::find(kOpen, spec.name) != std::end(kOpen);
      EXPECT_EQ(!spec.words.empty(), text && !open) << check.id << " " << spec.name;
      std::vector<std::string_view> words(spec.words.begin(), spec.words.end());
      std::ranges::sort(words);
      EXPECT_EQ(std::ranges::adjacent_find(words), words.end()) << check.id << " " << spec.name;
    }
  }
}

// A word that the table permits and the function does not know would be an unknown for ever.
TEST_F(EveryCheck, KnowsItsWords) {
  const Scene scene;
  for (const Row& row : rows_) {
    for (std::size_t at = 0; at < row.check->params.size(); ++at) {
      for (const std::string_view word : row.check->params[at].words) {
        std::vector<ParamValue> values = row.params.values();
        values[at] = std::vector<std::string>{std::string(word)};
        std::vector<Evidence> evidence;
        const Verdict verdict = Judge(checks_, row.check->id, scene, Params(values), &evidence);
        EXPECT_FALSE(verdict.note.starts_with("the benchmark")) << row.check->id << " " << word;
        for (const Evidence& proof : evidence) {
          EXPECT_EQ(proof.fact.find("the benchmark names"), std::string::npos)
              << row.check->id << " " << word << ": " << proof.fact;
        }
      }
    }
  }
}

TEST_F(EveryCheck, PassesNothingWhenEveryFactIsMissing) {
  for (const ErrorCode code :
       {ErrorCode::kNotFound, ErrorCode::kDenied, ErrorCode::kVanished, ErrorCode::kMalformed,
        ErrorCode::kUnsupported, ErrorCode::kTruncated, ErrorCode::kIo, ErrorCode::kVantage,
        ErrorCode::kNotRead}) {
    Scene scene;
    scene.FailEverything({.code = code, .error_number = 0});
    ExpectNoPass(scene, NameOf(code));
  }
}

TEST_F(EveryCheck, PassesNothingOnRecordsThatNobodyFilled) {
  Scene scene;
  Snapshot& snapshot = scene.snapshot;
  snapshot.host = Host{};
  snapshot.vantage = Vantage{};
  snapshot.user_namespaces.clear();
  snapshot.processes = {Process{}};
  Container container;
  container.init = ProcessIndex{};
  container.members = {Member{}};
  snapshot.containers = {container};
  ExpectNoPass(scene, "a default-built container");
}

TEST_F(EveryCheck, PassesNoContainerControlWithoutProcesses) {
  Scene scene;
  scene.FailEverything({.code = ErrorCode::kNotRead});
  scene.container().init.reset();
  scene.container().members.clear();
  for (const Row& row : rows_) {
    if (row.check->scope() != Scope::kContainer) continue;
    EXPECT_NE(Judge(checks_, row.check->id, scene, row.params).outcome, Outcome::kPass)
        << row.check->id;
  }
}

TEST_F(EveryCheck, JudgesAnEmptySnapshotWithoutPassing) {
  const Snapshot empty;
  for (const Row& row : rows_) {
    const auto* check = std::get_if<HostCheck>(&row.check->evaluate);
    if (check == nullptr) continue;
    EXPECT_NE((*check)(empty, row.params, nullptr).outcome, Outcome::kPass) << row.check->id;
  }
}

// The scene fills what these families read; an AppArmor host has no SELinux to judge.
TEST_F(EveryCheck, PassesAHardenedProcess) {
  constexpr std::string_view kFamilies[] = {"CAP", "PRV", "SCP", "LSM", "NS", "USR"};
  const Scene scene;
  for (const auto& [id, outcome] : JudgeAll(scene)) {
    const std::string_view family = std::string_view(id).substr(0, id.find('-'));
    if (std::ranges::find(kFamilies, family) == std::end(kFamilies)) continue;
    EXPECT_EQ(outcome, id == "LSM-002" ? Outcome::kNotApplicable : Outcome::kPass) << id;
  }
}

// A second process of the container's and one that is like it in all that counts.
void AddTwins(Scene& scene) {
  scene.process().stat.start = BootTicks{100};
  const std::size_t one = scene.AddProcess();
  const std::size_t other = scene.AddProcess();  // From here on references hold.
  Process& first = scene.process(one);
  first.stat.start = BootTicks{200};
  Process& second = scene.process(other);
  second.stat = {.start = BootTicks{300}, .parent = 7, .tty = first.stat.tty, .state = 'D'};
  second.threads_unread = 3;
  if (second.leader.status) second.leader.status->threads = 9;
}

TEST_F(EveryCheck, SaysTheSameOfTasksThatAreAlike) {
  Scene hardened;
  Scene denied;
  denied.FailEverything({.code = ErrorCode::kDenied, .error_number = 13});
  Scene open;
  open.status() = {};
  open.status().effective = CapSet::UpTo(40);
  open.status().bounding = CapSet::UpTo(40);
  for (std::size_t kind = 0; kind < kNamespaceKinds; ++kind) {
    open.UseHost(static_cast<NamespaceKind>(kind));
  }
  for (Scene* const scene : {&hardened, &denied, &open}) {
    AddTwins(*scene);
    ASSERT_TRUE(Alike(scene->View(1), scene->View(2)));
    EXPECT_FALSE(Alike(scene->View(0), scene->View(1))) << "init is like nobody";
    for (const Row& row : rows_) {
      if (row.check->scope() != Scope::kProcess) continue;
      const auto judge = [&](std::size_t at) {
        return std::pair(Judge(checks_, row.check->id, *scene, row.params, nullptr, at),
                         Proof(checks_, row.check->id, *scene, row.params, at));
      };
      EXPECT_EQ(judge(1), judge(2)) << row.check->id;
    }
  }
}

TEST(Alike, IsNoTaskThatDiffersInAFact) {
  const auto alike_after = [](void (*change)(Scene&)) {
    Scene scene;
    AddTwins(scene);
    change(scene);
    return Alike(scene.View(1), scene.View(2));
  };
  EXPECT_TRUE(alike_after([](Scene&) {}));
  EXPECT_FALSE(alike_after([](Scene& scene) { scene.status(2).no_new_privs = false; }));
  EXPECT_FALSE(alike_after([](Scene& scene) { scene.UseHost(NamespaceKind::kNet, 2); }));
  EXPECT_FALSE(alike_after([](Scene& scene) { scene.process(2).stat.tty = 1; }));
  EXPECT_FALSE(alike_after([](Scene& scene) { scene.process(2).executable = ExecutableIndex{9}; }));
  EXPECT_FALSE(alike_after([](Scene& scene) { scene.member(2).joined = true; }));
  EXPECT_FALSE(alike_after([](Scene& scene) { scene.process(2).stat.start = BootTicks{1}; }))
      << "one is older than init";
}

}  // namespace
}  // namespace hullmark::testing
