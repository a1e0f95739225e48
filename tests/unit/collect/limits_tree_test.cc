// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "agent/base/file.h"
#include "agent/collect/cgroup_files.h"
#include "agent/collect/collect.h"
#include "agent/collect/limits.h"
#include "agent/collect/membership.h"
#include "hullmark/ids.h"
#include "hullmark/limits.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"
#include "tests/unit/collect/world.h"

namespace hullmark {
namespace {

constexpr std::string_view kV1Unlimited = "9223372036854771712\n";

class LimitTreesTest : public testing::Test {
 protected:
  LimitTreesTest() { world_.AddProcess("self", {.pid = 7}); }

  void Unified(const std::string& directory = "") {
    mounts_ += MountLineOf(10, "/", "/sys/fs/cgroup" + directory, "cgroup2", "rw");
  }
  void V1(const std::string& controllers) {
    mounts_ += MountLineOf(static_cast<int>(20 + mounts_.size()), "/",
                           "/sys/fs/cgroup/" + controllers, "cgroup", "rw," + controllers);
  }
  void File(const std::string& path, std::string_view text) {
    world_.tree.Write("cgroup/" + path, text);
  }

  // What is read of the cgroups of a process with this /proc/PID/cgroup.
  void Look(std::string_view proc_cgroup, void (CgroupFiles::*read)(CgroupIndex)) {
    snapshot_ = Snapshot();
    world_.tree.Write("proc/self/mountinfo", MountLineOf(1, "/", "/", "ext4", "rw") + mounts_);
    world_.tree.Write("proc/self/cgroup", proc_cgroup);
    const Roots roots = world_.OpenAll();
    ReadBuffer buffer(1 << 20);
    Memberships memberships(roots, snapshot_, buffer);
    CgroupFiles files(roots, snapshot_, memberships, buffer);
    membership_ = memberships.Of(proc_cgroup).value();
    for (const CgroupIndex at : snapshot_.At(membership_).cgroups) (files.*read)(at);
  }
  // The limits in force on it.
  LimitsInForce LimitsOf(std::string_view proc_cgroup) {
    Look(proc_cgroup, &CgroupFiles::ReadPath);
    return ComputeLimits(snapshot_, std::array{membership_}, std::nullopt);
  }
  std::string_view PathOf(std::optional<CgroupIndex> cgroup) const {
    return cgroup ? snapshot_.Text(snapshot_.At(*cgroup).path) : "";
  }
  const Cgroup& CgroupAt(std::string_view path) const {
    for (const Cgroup& cgroup : snapshot_.cgroups) {
      if (snapshot_.Text(cgroup.path) == path) return cgroup;
    }
    ADD_FAILURE() << path;
    return snapshot_.cgroups.front();
  }
  Fact<CgroupVersion> VersionOf(Controller controller) const {
    return snapshot_.host.controller_versions[std::to_underlying(controller)];
  }

  CollectWorld world_;
  std::string mounts_;
  Snapshot snapshot_;
  MembershipIndex membership_{};
};

TEST_F(LimitTreesTest, TheSmallestOfThePathBindsOnV2) {
  Unified();
  File("cgroup.controllers", "cpu memory pids\n");
  File("kube/memory.max", "1000000\n");
  File("kube/pod/memory.max", "300000\n");
  File("kube/pod/app/memory.max", "500000\n");
  File("kube/pids.max", "max\n");
  File("kube/pod/pids.max", "max\n");
  File("kube/pod/app/pids.max", "70\n");
  File("kube/cpu.max", "50000 100000\n");
  File("kube/pod/cpu.max", "30000 50000\n");
  File("kube/pod/app/cpu.max", "max 100000\n");
  const auto limits = LimitsOf("0::/kube/pod/app\n");
  EXPECT_EQ(limits.memory.value, Fact<Limit>(Limit{300'000}));
  EXPECT_EQ(PathOf(limits.memory.source), "/kube/pod");
  EXPECT_EQ(limits.pids.value, Fact<Limit>(Limit{70}));
  EXPECT_EQ(PathOf(limits.pids.source), "/kube/pod/app");
  EXPECT_EQ(limits.cpu_quota.value, (CpuQuota{.quota = 50'000, .period = 100'000}));
  EXPECT_EQ(PathOf(limits.cpu_quota.source), "/kube");
  EXPECT_EQ(snapshot_.host.cgroup_layout, CgroupLayout::kV2);
  EXPECT_EQ(VersionOf(Controller::kMemory), CgroupVersion::kV2);
}

TEST_F(LimitTreesTest, MaxEverywhereIsNoLimitAndNoneBinds) {
  Unified();
  File("cgroup.controllers", "memory\n");
  File("a/memory.max", "max\n");
  File("a/b/memory.max", "max\n");
  const auto limits = LimitsOf("0::/a/b\n");
  EXPECT_EQ(limits.memory.value, Fact<Limit>(Limit{}));
  EXPECT_EQ(limits.memory.source, std::nullopt);
}

TEST_F(LimitTreesTest, TheRootHasNoFilesAndAnAbsentFileInherits) {
  Unified();
  File("cgroup.controllers", "memory pids\n");
  world_.tree.MakeDirectory("cgroup/a/b");
  File("a/memory.max", "4096\n");
  auto limits = LimitsOf("0::/a/b\n");
  EXPECT_EQ(limits.memory.value, Fact<Limit>(Limit{4096}));
  EXPECT_EQ(PathOf(limits.memory.source), "/a");
  EXPECT_EQ(limits.pids.value, Missing(ErrorCode::kNotFound)) << "nobody sets one";
  limits = LimitsOf("0::/\n");
  EXPECT_EQ(limits.memory.value, Missing(ErrorCode::kNotFound));
  EXPECT_EQ(limits.memory.source, std::nullopt);
}

TEST_F(LimitTreesTest, AFaultHidesNoLimitThatWasRead) {
  Unified();
  File("cgroup.controllers", "memory pids\n");
  File("a/memory.max", "4096\n");
  File("a/b/memory.max", "?\n");
  File("a/pids.max", "max\n");
  File("a/b/pids.max", "?\n");
  const auto limits = LimitsOf("0::/a/b\n");
  EXPECT_EQ(limits.memory.value, Fact<Limit>(Limit{4096}));
  EXPECT_EQ(limits.pids.value, Missing(ErrorCode::kMalformed)) << "it might have been stricter";
}

TEST_F(LimitTreesTest, V1HasItsOwnWordForUnlimited) {
  V1("memory");
  V1("pids");
  for (const char* const path : {"memory", "memory/docker", "memory/docker/c"}) {
    File(std::string(path) + "/memory.limit_in_bytes", kV1Unlimited);
  }
  File("pids/docker/c/pids.max", "max\n");
  constexpr std::string_view kPlace = "4:memory:/docker/c\n3:pids:/docker/c\n";
  auto limits = LimitsOf(kPlace);
  EXPECT_EQ(limits.memory.value, Fact<Limit>(Limit{}));
  EXPECT_EQ(limits.memory.source, std::nullopt);
  EXPECT_EQ(limits.pids.value, Fact<Limit>(Limit{}));
  EXPECT_EQ(snapshot_.host.cgroup_layout, CgroupLayout::kV1);
  File("memory/docker/memory.limit_in_bytes", "33554432\n");
  limits = LimitsOf(kPlace);
  EXPECT_EQ(limits.memory.value, Fact<Limit>(Limit{33'554'432}));
  EXPECT_EQ(PathOf(limits.memory.source), "/docker");
}

TEST_F(LimitTreesTest, ControllersMountedTogetherAreOneHierarchy) {
  V1("cpu,cpuacct");
  File("cpu,cpuacct/c/cpu.cfs_quota_us", "20000\n");
  File("cpu,cpuacct/c/cpu.cfs_period_us", "100000\n");
  File("cpu,cpuacct/cpu.cfs_quota_us", "-1\n");
  File("cpu,cpuacct/cpu.cfs_period_us", "100000\n");
  const auto limits = LimitsOf("2:cpu,cpuacct:/c\n");
  EXPECT_EQ(limits.cpu_quota.value, (CpuQuota{.quota = 20'000, .period = 100'000}));
  EXPECT_EQ(PathOf(limits.cpu_quota.source), "/c");
}

TEST_F(LimitTreesTest, HybridAsksEachControllerWhereItLives) {
  Unified("/unified");
  V1("memory");
  File("unified/cgroup.controllers", "pids\n");
  File("unified/c/pids.max", "5\n");
  File("unified/c/memory.max", "1\n");
  File("memory/c/memory.limit_in_bytes", "8192\n");
  File("memory/c/pids.max", "1\n");
  const auto limits = LimitsOf("4:memory:/c\n0::/c\n");
  EXPECT_EQ(snapshot_.host.cgroup_layout, CgroupLayout::kHybrid);
  EXPECT_EQ(limits.memory.value, Fact<Limit>(Limit{8192}));
  EXPECT_EQ(limits.pids.value, Fact<Limit>(Limit{5}));
  EXPECT_EQ(VersionOf(Controller::kMemory), CgroupVersion::kV1);
  EXPECT_EQ(VersionOf(Controller::kPids), CgroupVersion::kV2);
}

TEST_F(LimitTreesTest, AThreadedCgroupHasItsMemoryLimitAboveIt) {
  Unified();
  File("cgroup.controllers", "cpu memory pids\n");
  File("c/cgroup.type", "domain threaded\n");
  File("c/memory.max", "4096\n");
  File("c/t/cgroup.type", "threaded\n");
  File("c/t/pids.max", "9\n");
  const auto limits = LimitsOf("0::/c/t\n");
  EXPECT_EQ(limits.memory.value, Fact<Limit>(Limit{4096}));
  EXPECT_EQ(limits.pids.value, Fact<Limit>(Limit{9}));
}

TEST_F(LimitTreesTest, ADeletedCgroupIsKnownByItsLivingName) {
  Unified();
  File("cgroup.controllers", "memory\n");
  File("a/memory.max", "4096\n");
  const auto limits = LimitsOf("0::/a/gone (deleted)\n");
  EXPECT_TRUE(CgroupAt("/a/gone").deleted);
  EXPECT_EQ(CgroupAt("/a/gone").inode, Missing(ErrorCode::kNotFound, ENOENT));
  EXPECT_FALSE(CgroupAt("/a").deleted);
  EXPECT_EQ(limits.memory.value, Fact<Limit>(Limit{4096}));
}

TEST_F(LimitTreesTest, WhichCgroupItIsCanBeHadWithoutItsLimits) {
  Unified();
  File("cgroup.controllers", "memory\n");
  File("a/memory.max", "4096\n");
  File("a/b/memory.max", "5\n");
  Look("0::/a/b\n", &CgroupFiles::ReadIdentity);
  EXPECT_TRUE(CgroupAt("/a/b").inode);
  EXPECT_FALSE(CgroupAt("/a/b").memory);
  EXPECT_EQ(CgroupAt("/a").inode, Missing(ErrorCode::kNotRead)) << "nobody asked for it";
}

TEST_F(LimitTreesTest, ADirectoryMayBeCalledDeleted) {
  Unified();
  File("cgroup.controllers", "memory\n");
  File("a (deleted)/memory.max", "4096\n");
  EXPECT_EQ(LimitsOf("0::/a (deleted)\n").memory.value, Fact<Limit>(Limit{4096}));
  EXPECT_FALSE(CgroupAt("/a (deleted)").deleted);
}

TEST_F(LimitTreesTest, WhatIsMountedNowhereIsUnknownNotUnlimited) {
  world_.tree.Write("proc/cgroups",
                    "#subsys_name\thierarchy\tnum_cgroups\tenabled\n"
                    "memory\t4\t10\t1\npids\t0\t10\t0\n");
  V1("cpu");
  const auto limits = LimitsOf("4:memory:/c\n");
  EXPECT_EQ(limits.memory.value, Missing(ErrorCode::kVantage));
  EXPECT_EQ(limits.pids.value, Missing(ErrorCode::kUnsupported)) << "switched off at boot";
}

TEST_F(LimitTreesTest, APartOfATreeShowsNoLimits) {
  mounts_ = MountLineOf(10, "/docker/c", "/sys/fs/cgroup", "cgroup2", "rw");
  File("cgroup.controllers", "memory\n");
  File("memory.max", "4096\n");
  const auto limits = LimitsOf("0::/\n");
  EXPECT_FALSE(limits.memory.value);
  EXPECT_EQ(CgroupAt("/").inode, Missing(ErrorCode::kVantage));
}

TEST_F(LimitTreesTest, OutsideOurViewIsNoCgroupOfOurs) {
  Unified();
  File("cgroup.controllers", "memory\n");
  const auto limits = LimitsOf("0::/../other\n");
  EXPECT_TRUE(snapshot_.At(membership_).outside_view);
  EXPECT_TRUE(snapshot_.At(membership_).cgroups.empty());
  EXPECT_EQ(limits.memory.value, Missing(ErrorCode::kVantage));
}

TEST_F(LimitTreesTest, OfACgroupThatOnlyOtherMembersAreInItIsKnownWhichItIs) {
  const std::string own = "docker/" + std::string(64, 'a');
  Unified();
  File("cgroup.controllers", "memory\n");
  File(own + "/memory.max", "4096\n");
  File(own + "/job/memory.max", "5\n");
  world_.tree.Write("proc/self/mountinfo", MountLineOf(1, "/", "/", "ext4", "rw") + mounts_);
  for (const int pid : {42, 43}) {
    const std::string name = std::to_string(pid);
    world_.AddProcess(name, {.pid = pid, .parent = pid - 1});
    world_.AddNamespaces(name, 9);
    world_.tree.Write("proc/" + name + "/cgroup", "0::/" + own + (pid == 43 ? "/job\n" : "\n"));
  }
  auto snapshot = Collect(world_.OpenAll(), world_.options);
  ASSERT_TRUE(snapshot);
  snapshot_ = std::move(*snapshot);
  ASSERT_EQ(snapshot_.containers.size(), 1U);
  const Cgroup& below = CgroupAt("/" + own + "/job");
  EXPECT_TRUE(below.inode);
  EXPECT_FALSE(below.memory) << "whose limits bind some of its processes only";
  EXPECT_TRUE(CgroupAt("/" + own).memory);
}

}  // namespace
}  // namespace hullmark
