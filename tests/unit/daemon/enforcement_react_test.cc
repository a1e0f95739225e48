// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/base/boot_time.h"
#include "agent/base/file.h"
#include "agent/bpf/task_event.h"
#include "agent/daemon/enforcement.h"
#include "agent/daemon/standard.h"
#include "agent/daemon/watcher.h"
#include "agent/enforce/reflex.h"
#include "agent/evaluate/evaluate.h"
#include "agent/parse/proc_cgroup.h"
#include "agent/parse/proc_stat.h"
#include "hullmark/action.h"
#include "hullmark/check.h"
#include "hullmark/glob.h"
#include "hullmark/ids.h"
#include "hullmark/live.h"
#include "hullmark/policy.h"
#include "hullmark/report.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"
#include "tests/unit/enforce/scene.h"
#include "tests/unit/evaluate/world.h"
#include "tests/unit/temp_tree.h"

namespace hullmark {
namespace {

constexpr std::size_t kMost = 65'536;

BootTicks StartOf(pid_t pid) {
  ReadBuffer buffer(kMost);
  const std::string file = "/proc/" + std::to_string(pid) + "/stat";
  return ParseProcStat(buffer.Read(AT_FDCWD, file.c_str()).value()).value().facts.start;
}

// A child of this process is the init of a container that nothing is wrong with, others offend. Of
// their cgroup a plain tree shows the directory.
class ReactTest : public testing::Test {
 protected:
  ReactTest() {
    ReadBuffer buffer(kMost);
    const auto text = buffer.Read(AT_FDCWD, "/proc/self/cgroup").value();
    const auto line = ParseProcCgroup(text).value().front();
    path_ = line.path;
    Snapshot& snapshot = scene_.world.snapshot;
    const std::uint32_t container = scene_.AddContainer("c0");
    snapshot.hierarchies[0].mount_point = snapshot.strings.Intern(tree_.Path("cgroup"));
    snapshot.hierarchies[0].name = snapshot.strings.Intern(line.controllers);
    const std::string directory = tree_.Path("cgroup") + path_;
    std::filesystem::create_directories(directory);
    struct stat status = {};
    EXPECT_EQ(stat(directory.c_str(), &status), 0);
    Process& init = scene_.At(*snapshot.containers[container].init);
    init.pid = Pid{init_};
    init.stat.start = StartOf(init_);
    Cgroup& own =
        snapshot.cgroups[static_cast<std::size_t>(*snapshot.containers[container].cgroup)];
    own.path = snapshot.strings.Intern(path_);
    own.inode = status.st_ino;
    scene_.world.AddControl(Scope::kProcess, kHighPrice, {});
    Config& config = standard_.config;
    config.enforce =
        PolicyOf({{.kind = ActionKind::kKillProcess, .signal = SIGKILL, .next_after = 0}});
    config.enforce.budget = {.actions = 100, .containers_permille = 1000};
    standard_.benchmark = scene_.world.benchmark;
    std::filesystem::create_directory(tree_.Path("state"));
    std::filesystem::permissions(tree_.Path("state"), std::filesystem::perms::owner_all);
  }
  ~ReactTest() override {
    for (const pid_t child : children_) {
      kill(child, SIGKILL);
      waitpid(child, nullptr, 0);
    }
  }

  void Open() {
    auto opened = Enforcement::Open({.state_dir = tree_.Path("state"),
                                     .user = Uid{geteuid()},
                                     .now = [] { return Timestamp{1}; },
                                     .look = [](const Standard&) -> Result<Snapshot> {
                                       return Fail(ErrorCode::kIo, "nobody looks at the host");
                                     }});
    ASSERT_TRUE(opened) << opened.error().message;
    enforcement_ = std::move(*opened);
    Act();
  }
  std::vector<TakenAction> Act() {
    const Report report = Evaluate(scene_.world.snapshot, standard_.benchmark, {});
    return enforcement_->Act(standard_, scene_.world.snapshot, report, BootMilliseconds());
  }

  pid_t Spawn() {
    const pid_t child = fork();
    if (child == 0) {
      while (true) pause();
    }
    children_.push_back(child);
    return child;
  }
  Offence By(pid_t child) const {
    return {.at = Timestamp{7},
            .life = {.id = "c0-id", .init = Pid{init_}, .started = StartOf(init_)},
            .process = Pid{child},
            .started = StartOf(child),
            .violations = Failing()};
  }
  static std::vector<LiveViolation> Failing() {
    return {{.control = "C-0", .severity = Severity::kHigh, .fact = "it does"}};
  }
  // The record of the offence still holds.
  bool React(const Offence& offence) {
    return enforcement_->React(offence, [](const TaskEvent&) { return Failing(); });
  }
  bool IsAlive(pid_t child) {
    if (waitpid(child, nullptr, WNOHANG) == 0) return true;
    std::erase(children_, child);
    return false;
  }
  std::string Log() const {
    ReadBuffer buffer(std::size_t{2} << 20);
    return std::string(buffer.Read(AT_FDCWD, tree_.Path("state/actions.jsonl").c_str()).value());
  }
  std::size_t Done(bool dry_run, ActionResult result) const {
    return enforcement_->state(standard_.config.enforce)
        .counts[static_cast<std::size_t>(ActionKind::kKillProcess)][dry_run ? 0 : 1]
               [static_cast<std::size_t>(result)];
  }

  TempTree tree_;
  std::string path_;
  Scene scene_;
  Standard standard_;
  std::unique_ptr<Enforcement> enforcement_;
  std::vector<pid_t> children_;
  const pid_t init_ = Spawn();
};

TEST_F(ReactTest, KillsTheOffenderAndTellsTheNextLook) {
  Open();
  EXPECT_TRUE(enforcement_->Reacts());
  const pid_t offender = Spawn();
  const pid_t bystander = Spawn();
  EXPECT_TRUE(React(By(offender)));
  EXPECT_FALSE(IsAlive(offender));
  EXPECT_TRUE(IsAlive(bystander));
  EXPECT_EQ(Done(false, ActionResult::kDone), 1U);
  const auto taken = Act();
  ASSERT_EQ(taken.size(), 1U);
  EXPECT_EQ(taken[0].outcome.text, "killed by SIGKILL");
  EXPECT_EQ(taken[0].action.at, Timestamp{7});
  EXPECT_NE(Log().find("as it executed: it does"), std::string::npos);
  EXPECT_TRUE(Act().empty()) << "told once";
}

TEST_F(ReactTest, WhatHasChangedMeanwhileLeavesNoTrace) {
  standard_.config.enforce.rules[0].steps[0].next_after = 60'000;
  Open();
  const std::string before = Log();
  const pid_t harmless = Spawn();
  EXPECT_FALSE(enforcement_->React(By(harmless), [](const TaskEvent&) {
    return std::vector<LiveViolation>();
  })) << "it executes something else by now: for the look";
  Offence gone = By(harmless);
  gone.started = BootTicks{1};
  EXPECT_TRUE(React(gone)) << "there is nobody any more";
  EXPECT_TRUE(IsAlive(harmless));
  EXPECT_EQ(Log(), before);
  // No decoy keeps the rule from its next step.
  const pid_t offender = Spawn();
  EXPECT_TRUE(React(By(offender)));
  EXPECT_FALSE(IsAlive(offender));
  // That has its time.
  const pid_t second = Spawn();
  EXPECT_TRUE(React(By(second)));
  EXPECT_TRUE(IsAlive(second));
}

// It was so when it was asked first, and is not behind the descriptor.
TEST_F(ReactTest, AnAbortSpendsNothing) {
  standard_.config.enforce.rules[0].steps[0].next_after = 60'000;
  standard_.config.enforce.budget.actions = 1;
  Open();
  const pid_t child = Spawn();
  int asked = 0;
  EXPECT_FALSE(enforcement_->React(By(child), [&](const TaskEvent&) {
    return ++asked == 1 ? Failing() : std::vector<LiveViolation>();
  }));
  EXPECT_EQ(asked, 2);
  EXPECT_TRUE(IsAlive(child));
  EXPECT_EQ(Done(false, ActionResult::kAborted), 1U);
  EXPECT_EQ(enforcement_->state(standard_.config.enforce).budget_remaining, 1);
  EXPECT_TRUE(React(By(child)));
  EXPECT_FALSE(IsAlive(child));
}

// The look saw it alive, and would keep the rule from its next step for that.
TEST_F(ReactTest, WhomAReactionHasEndedTheLookDoesNotFind) {
  standard_.config.enforce.rules[0].steps[0].next_after = 60'000;
  standard_.config.enforce.rules[0].controls = {Glob("C-*")};
  scene_.world.AddControl(Scope::kProcess, kHighPrice, {Passes(), Fails()});
  standard_.benchmark = scene_.world.benchmark;
  Open();
  const pid_t first = Spawn();
  Process& seen = scene_.At(scene_.AddProcess(0));
  seen.pid = Pid{first};
  seen.stat.start = StartOf(first);
  EXPECT_TRUE(React(By(first)));
  EXPECT_FALSE(IsAlive(first));
  EXPECT_EQ(Act().size(), 1U) << "of the reaction alone";
  const pid_t second = Spawn();
  EXPECT_TRUE(React(By(second)));
  EXPECT_FALSE(IsAlive(second));
}

TEST_F(ReactTest, KeepsToTheBudget) {
  standard_.config.enforce.budget.actions = 2;
  Open();
  for (int count = 0; count < 2; ++count) {
    const pid_t offender = Spawn();
    EXPECT_TRUE(React(By(offender)));
    EXPECT_FALSE(IsAlive(offender));
  }
  const pid_t third = Spawn();
  EXPECT_FALSE(React(By(third))) << "for the look, which opens the breaker";
  EXPECT_TRUE(IsAlive(third));
  EXPECT_FALSE(enforcement_->state(standard_.config.enforce).breaker_open);
}

TEST_F(ReactTest, ADryRunKillsNobodyAndCountsWhomItWould) {
  standard_.config.enforce.mode = EnforceMode::kDryRun;
  Open();
  const pid_t child = Spawn();
  EXPECT_FALSE(enforcement_->React(By(child),
                                   [](const TaskEvent&) { return std::vector<LiveViolation>(); }));
  EXPECT_EQ(Done(true, ActionResult::kDone), 0U);
  EXPECT_TRUE(React(By(child)));
  EXPECT_EQ(Done(true, ActionResult::kDone), 1U);
  EXPECT_TRUE(IsAlive(child));
}

TEST_F(ReactTest, NothingIsDoneWithoutAPlan) {
  Open();
  const pid_t child = Spawn();
  enforcement_->ForgetPlan();
  EXPECT_FALSE(enforcement_->Reacts());
  EXPECT_TRUE(React(By(child)));
  Act();
  enforcement_->Stop();
  EXPECT_TRUE(React(By(child)));
  EXPECT_TRUE(IsAlive(child));
}

TEST_F(ReactTest, OutsideOfTheCgroupNobodyIsTheContainers) {
  Snapshot& snapshot = scene_.world.snapshot;
  Cgroup& own = snapshot.cgroups[static_cast<std::size_t>(*snapshot.containers[0].cgroup)];
  const std::string below = path_ + (path_.ends_with('/') ? "" : "/") + "below";
  std::filesystem::create_directories(tree_.Path("cgroup") + below);
  struct stat status = {};
  ASSERT_EQ(stat((tree_.Path("cgroup") + below).c_str(), &status), 0);
  own.path = snapshot.strings.Intern(below);
  own.inode = status.st_ino;
  Open();
  const pid_t child = Spawn();
  EXPECT_FALSE(React(By(child)));
  EXPECT_TRUE(IsAlive(child));
}

}  // namespace
}  // namespace hullmark
