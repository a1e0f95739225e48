// SPDX-License-Identifier: Apache-2.0
// Children of this test in a cgroup of their own, judged by this very kernel. Skipped, with the
// reason, where BPF or a v2 hierarchy is not to be had.
#include "agent/bpf/exec_bans.h"

#include <gtest/gtest.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "agent/bpf/exec_ban.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"

namespace hullmark {
namespace {

constexpr const char* kTrue = "/bin/true";
constexpr std::uint64_t kAnything = ~std::uint64_t{0};
constexpr std::uint32_t kPlace = kMostBanCgroups - 1;

// A new cgroup of the v2 hierarchy, for as long as this lives.
class OwnCgroup {
 public:
  OwnCgroup() {
    for (const char* const root : {"/sys/fs/cgroup/unified", "/sys/fs/cgroup"}) {
      if (access((std::string(root) + "/cgroup.controllers").c_str(), F_OK) != 0) continue;
      path_ = std::string(root) + "/hullmark-exec-bans-" + std::to_string(getpid());
      made_ = mkdir(path_.c_str(), 0755) == 0;
      return;
    }
  }
  OwnCgroup(const OwnCgroup&) = delete;
  OwnCgroup& operator=(const OwnCgroup&) = delete;
  ~OwnCgroup() {
    // The kernel takes a moment to let go of what was waited for.
    for (int tries = 0; made_ && rmdir(path_.c_str()) != 0 && tries < 1'000; ++tries) {
      std::this_thread::yield();
    }
  }

  bool made() const { return made_; }
  std::uint64_t id() const {
    struct stat status = {};
    return stat(path_.c_str(), &status) == 0 ? status.st_ino : 0;
  }
  bool Enter() const {
    std::ofstream procs(path_ + "/cgroup.procs");
    procs << 0;
    return static_cast<bool>(procs.flush());
  }

 private:
  std::string path_;
  bool made_ = false;
};

std::uint32_t OwnNamespace(const std::string& kind) {
  struct stat status = {};
  const std::string path = "/proc/self/ns/" + kind;
  return stat(path.c_str(), &status) == 0 ? static_cast<std::uint32_t>(status.st_ino) : 0;
}

class LiveExecBans : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    // A developer's machine, or a host of v1 alone: nobody is killed at exec there either.
    if (geteuid() != 0) GTEST_SKIP() << "only root can make a cgroup";
    if (!cgroup_.made()) GTEST_SKIP() << "no cgroup of the v2 hierarchy can be made";
    auto loaded = ExecBanProgram::Load(OwnNamespace("mnt"), GetParam());
    if (!loaded) {
      // A kernel that lets nobody load, or describes no types; a program that it refuses has
      // failed, unless it is the typed one and the other is taken.
      const ErrorCode code = loaded.error().code;
      const bool cannot = code == ErrorCode::kDenied || code == ErrorCode::kNotFound;
      ASSERT_TRUE(cannot || (GetParam() && ExecBanProgram::Load(OwnNamespace("mnt"), false)))
          << loaded.error().message;
      GTEST_SKIP() << loaded.error().message;
    }
    program_ = std::move(*loaded);
    program_->Until(INT64_MAX / 1'000'000);
  }

  // Forbids whatever has a capability.
  void Ban(unsigned flags, std::uint32_t own = OwnNamespace("uts")) {
    ExecBans bans = {};
    bans.place = kPlace;
    bans.count = 1;
    bans.own[std::to_underlying(NamespaceKind::kUts)] = own;
    bans.bans[0].effective = kAnything;
    bans.bans[0].id = 7;
    bans.bans[0].flags = flags;
    ASSERT_TRUE(program_->Set(cgroup_.id(), bans));
  }

  // How a child ends that executes in the cgroup, in mounts of its own or not.
  int Run(bool own_mounts = true) {
    const pid_t child = fork();
    if (child == 0) {
      if (!cgroup_.Enter() || (own_mounts && unshare(CLONE_NEWNS) != 0)) _exit(77);
      execl(kTrue, kTrue, nullptr);
      _exit(1);
    }
    last_ = child;
    int status = 0;
    waitpid(child, &status, 0);
    return status;
  }

  std::vector<BannedExec> Told() {
    std::vector<BannedExec> told;
    program_->Drain([&](const BannedExec& exec) { told.push_back(exec); });
    return told;
  }

  static bool IsKilled(int status) { return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL; }

  OwnCgroup cgroup_;
  std::optional<ExecBanProgram> program_;
  pid_t last_ = 0;
};

INSTANTIATE_TEST_SUITE_P(Tracepoints, LiveExecBans, testing::Bool(),
                         [](const auto& tested) { return tested.param ? "typed" : "raw"; });

TEST_P(LiveExecBans, KillsWhatIsForbidden) {
  Ban(kBanEnforced);
  program_->Allow(1, {.turns = 10, .places = 1});
  EXPECT_TRUE(IsKilled(Run()));
  const std::vector<BannedExec> told = Told();
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].tgid, last_);
  EXPECT_EQ(told[0].cgroup, cgroup_.id());
  EXPECT_EQ(told[0].ban, 7U);
  EXPECT_EQ(told[0].what, unsigned{kTookTurn} | unsigned{kTookPlace} | unsigned{kBanApplied});
  EXPECT_EQ(told[0].error, 0);
  EXPECT_NE(told[0].facts.effective & std::uint64_t{1} << CAP_SYS_ADMIN, 0U);
  EXPECT_EQ(told[0].facts.uid.effective, 0U);
  EXPECT_EQ(told[0].facts.root, 0U);
  EXPECT_EQ(told[0].facts.known, unsigned{kKnowsRoot} | unsigned{kKnowsRootGroup});
  EXPECT_GE(told[0].facts.links, 1U);
  EXPECT_EQ(std::string_view(told[0].name), std::filesystem::canonical(kTrue).filename().string());
  EXPECT_TRUE(IsKilled(Run()));
  ASSERT_EQ(Told().front().what, unsigned{kTookTurn} | unsigned{kBanApplied}) << "it has its place";
}

TEST_P(LiveExecBans, ADryRunTells) {
  Ban(0);
  program_->Allow(0, {.turns = 10, .places = 1});
  EXPECT_EQ(Run(), 0);
  const std::vector<BannedExec> told = Told();
  ASSERT_EQ(told.size(), 1U);
  EXPECT_NE(told[0].what & unsigned{kBanApplied}, 0U);
}

TEST_P(LiveExecBans, NobodyDiesBeyondTheBudget) {
  Ban(kBanEnforced);
  EXPECT_EQ(Run(), 0) << "nothing is allowed at first";
  EXPECT_EQ(Told().at(0).what, 0U);
  program_->Allow(1, {.turns = 2, .places = 1});
  EXPECT_TRUE(IsKilled(Run()));
  EXPECT_TRUE(IsKilled(Run()));
  EXPECT_EQ(Run(), 0);
  program_->Allow(1, {.turns = 3, .places = 1});
  EXPECT_TRUE(IsKilled(Run())) << "what was beyond it took nothing of it";
  EXPECT_EQ(Told().size(), 4U);
}

TEST_P(LiveExecBans, NoMoreContainersThanTheBudgetHas) {
  Ban(kBanEnforced);
  program_->Allow(1, {.turns = 10, .places = 0});
  EXPECT_EQ(Run(), 0);
  EXPECT_EQ(Told().at(0).what, unsigned{kTookTurn});
}

TEST_P(LiveExecBans, OneThatHasItsPlaceNeedsNoOther) {
  Ban(kBanEnforced);
  program_->Allow(1, {.turns = 10, .places = 0});
  program_->Admit(kPlace, 2);
  EXPECT_TRUE(IsKilled(Run()));
  EXPECT_EQ(Told().at(0).what, unsigned{kTookTurn} | unsigned{kBanApplied});
  program_->Admit(kPlace, 1);
  EXPECT_EQ(Run(), 0) << "what was pretended there does not count";
}

TEST_P(LiveExecBans, ThatTheBudgetIsSpentIsToldOnce) {
  Ban(kBanEnforced);
  for (int tries = 0; tries < 3; ++tries) EXPECT_EQ(Run(), 0);
  EXPECT_EQ(Told().size(), 1U);
  program_->Allow(1, {.turns = 0, .places = 1});
  EXPECT_EQ(Run(), 0);
  EXPECT_EQ(Told().size(), 1U);
}

TEST_P(LiveExecBans, NobodyIsJudgedByAnOldPicture) {
  Ban(kBanEnforced);
  program_->Allow(1, {.turns = 10, .places = 1});
  program_->Until(1);
  EXPECT_EQ(Run(), 0);
  EXPECT_TRUE(Told().empty());
}

TEST_P(LiveExecBans, WhoSharesNothingWithTheContainerIsSpared) {
  Ban(kBanEnforced, OwnNamespace("uts") + 1);
  program_->Allow(1, {.turns = 10, .places = 1});
  EXPECT_EQ(Run(), 0);
  EXPECT_TRUE(Told().empty());
}

TEST_P(LiveExecBans, WhoIsOnTheHostIsSpared) {
  Ban(kBanEnforced);
  program_->Allow(1, {.turns = 10, .places = 1});
  EXPECT_EQ(Run(false), 0);
  EXPECT_TRUE(Told().empty());
}

TEST_P(LiveExecBans, OtherCgroupsAreNotJudged) {
  Ban(kBanEnforced);
  program_->Allow(1, {.turns = 10, .places = 1});
  program_->Remove(cgroup_.id());
  EXPECT_EQ(Run(), 0);
  EXPECT_TRUE(Told().empty());
}

TEST_P(LiveExecBans, WhatItToldOutlivesItsEnd) {
  Ban(kBanEnforced);
  program_->Allow(1, {.turns = 10, .places = 1});
  EXPECT_TRUE(IsKilled(Run()));
  program_->Detach();
  EXPECT_EQ(Run(), 0);
  EXPECT_EQ(Told().size(), 1U);
}

}  // namespace
}  // namespace hullmark
