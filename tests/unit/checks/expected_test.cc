// SPDX-License-Identifier: Apache-2.0
// RUN-003: what a container runs, against what it was made to run.
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "checks/table.h"
#include "hullmark/check.h"
#include "hullmark/facts.h"
#include "hullmark/glob.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"
#include "tests/unit/checks/builder.h"
#include "tests/unit/checks/limit_scene.h"
#include "tests/unit/checks/mount_scene.h"
#include "tests/unit/checks/say.h"

namespace hullmark::testing {
namespace {

Params Declared(std::initializer_list<std::string_view> baseline) {
  std::vector<Glob> globs;
  for (const std::string_view pattern : baseline) globs.emplace_back(pattern);
  return Of({std::int64_t{600}, globs});
}

void Execute(LimitScene& scene, std::string_view path) {
  Snapshot& snapshot = scene.snapshot;
  snapshot.executables.assign(1, {});
  snapshot.executables[0].path = snapshot.strings.Intern(path);
  snapshot.executables[0].links = 1;
  snapshot.executables[0].mount_id = scene.At("/").id;
  scene.process().executable = ExecutableIndex{0};
}

// In ascending order.
LearnedPrograms& Learn(LimitScene& scene, std::initializer_list<std::string_view> programs) {
  LearnedPrograms learned{.age = 0, .seconds = 600, .complete = true};
  for (const std::string_view program : programs) {
    learned.programs.push_back(scene.snapshot.strings.Intern(program));
  }
  return scene.container().learned.emplace(learned);
}

std::string Says(const LimitScene& scene, const Params& params = Declared({})) {
  return Say(Judge(RuntimeChecks(), "RUN-003", scene, params));
}

std::vector<std::string> Facts(const LimitScene& scene, const Params& params = Declared({})) {
  return Proof(RuntimeChecks(), "RUN-003", scene, params);
}

TEST(ExecutableExpected, NeedsSomethingToGoBy) {
  LimitScene scene;
  Execute(scene, "/bin/server");
  EXPECT_EQ(Says(scene), "n/a");
  Learn(scene, {"/bin/server"}).complete = false;
  EXPECT_EQ(Says(scene), "n/a");
  Execute(scene, "/tmp/x");
  EXPECT_EQ(Says(scene), "n/a");
  scene.container().learned->complete = true;
  EXPECT_EQ(Says(scene), "fail");
}

TEST(ExecutableExpected, GoesByTheWholePath) {
  struct {
    std::string_view path, expected;
  } constexpr kCases[] = {
      {"/bin/server", "pass"}, {"/usr/bin/worker", "pass"}, {"/tmp/server", "fail"},
      {"/bin/serve", "fail"},  {"/bin/server2", "fail"},    {"/bin/server (deleted)", "fail"},
  };
  for (const auto& each : kCases) {
    LimitScene scene;
    Execute(scene, each.path);
    Learn(scene, {"/bin/server", "/usr/bin/worker"});
    EXPECT_EQ(Says(scene), each.expected) << each.path;
  }
}

TEST(ExecutableExpected, AFileThatWasReplacedKeepsItsPath) {
  LimitScene scene;
  Execute(scene, "/bin/server (deleted)");
  scene.snapshot.executables[0].links = 0;
  Learn(scene, {"/bin/server"});
  EXPECT_EQ(Says(scene), "pass");
}

// An event tells no more; the kernel cuts it at 63 bytes.
TEST(ExecutableExpected, ANameWithoutAPathIsComparedAsAName) {
  const auto judge = [](const std::string& name, const std::string& learned) {
    LimitScene scene;
    Execute(scene, name);
    Learn(scene, {learned});
    return Says(scene);
  };
  EXPECT_EQ(judge("server", "/bin/server"), "pass");
  EXPECT_EQ(judge("serve", "/bin/server"), "fail");
  EXPECT_EQ(judge("/opt/check", "check"), "pass") << "seen by its name while that was learned";
  EXPECT_EQ(judge("/opt/checks", "check"), "fail");
  const std::string name(63, 'n');
  EXPECT_EQ(judge(name, "/bin/" + name + "more"), "pass");
  EXPECT_EQ(judge("/bin/" + name + "more", name), "pass");
  EXPECT_EQ(judge(name, "/bin/m" + name), "fail");
  EXPECT_EQ(judge(std::string(62, 'n'), "/bin/" + name), "fail");
}

TEST(ExecutableExpected, ADeclaredBaselineCountsInstead) {
  LimitScene scene;
  Execute(scene, "/usr/bin/worker");
  const Params declared = Declared({"/srv/**", "/usr/{bin,sbin}/work*"});
  EXPECT_EQ(Says(scene, declared), "pass");
  Execute(scene, "worker");
  EXPECT_EQ(Says(scene, Declared({"/usr/{bin,sbin}/work*"})), "pass");
  EXPECT_EQ(Says(scene, Declared({"/usr/bin/server"})), "fail");
  Execute(scene, "/tmp/x");
  Learn(scene, {"/tmp/x"});
  EXPECT_EQ(Says(scene, declared), "fail");
  EXPECT_EQ(Facts(scene, declared),
            std::vector<std::string>{"exe: /tmp/x is not in the baseline of 2 patterns"});
}

TEST(ExecutableExpected, SaysWhatWasLearnedAndWhen) {
  LimitScene scene;
  Execute(scene, "/tmp/x");
  LearnedPrograms& learned = Learn(scene, {"/bin/a", "/bin/b"});
  const auto says = [&] { return Facts(scene).front(); };
  EXPECT_EQ(says(), "exe: /tmp/x is not among the 2 programs seen within 600 s of its start");
  learned.age = 7'200;
  EXPECT_EQ(says(),
            "exe: /tmp/x is not among the 2 programs seen within 600 s of the first look at it, "
            "7200 s after its start");
  learned.age.reset();
  learned.programs.pop_back();
  EXPECT_EQ(says(),
            "exe: /tmp/x is not among the 1 program seen within 600 s of the first look at it");
}

TEST(ExecutableExpected, WhatCouldNotBeLearnedAllIsNoReproach) {
  LimitScene scene;
  Execute(scene, "/tmp/x");
  Learn(scene, {"/bin/a"}).partial = true;
  EXPECT_EQ(Says(scene), "unknown");
  Execute(scene, "/bin/a");
  EXPECT_EQ(Says(scene), "pass");
  Learn(scene, {});
  EXPECT_EQ(Says(scene), "unknown");
}

TEST(ExecutableExpected, WithoutAnExecutableNothingIsKnown) {
  LimitScene scene;
  Learn(scene, {"/bin/a"});
  scene.process().executable = Missing(ErrorCode::kDenied, 13);
  EXPECT_EQ(Says(scene), "unknown");
  Execute(scene, "");
  EXPECT_EQ(Says(scene), "unknown");
}

// docker exec, nsenter: who enters is a program of the host until it executes one of the image.
TEST(ExecutableExpected, WhoEntersBringsAProgramOfTheHost) {
  LimitScene scene;
  Execute(scene, "/usr/bin/nsenter");
  Learn(scene, {"/bin/a"});
  scene.snapshot.executables[0].mount_id = scene.OfHost().mounts->front().id;
  const std::size_t child = scene.AddProcess();
  scene.process(0).stat.start = BootTicks{100};
  scene.process(child).stat.start = BootTicks{101};
  const auto judge = [&] {
    return Say(Judge(RuntimeChecks(), "RUN-003", scene, Declared({}), nullptr, child));
  };
  EXPECT_EQ(judge(), "fail");
  scene.member(1).joined = true;
  EXPECT_EQ(judge(), "n/a");
}

}  // namespace
}  // namespace hullmark::testing
