// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/file.h"
#include "agent/collect/collect.h"
#include "agent/collect/membership.h"
#include "agent/collect/reference.h"
#include "hullmark/caps.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"
#include "tests/unit/collect/world.h"
#include "tests/unit/temp_tree.h"

namespace hullmark {
namespace {

using Ids = std::vector<std::string>;

constexpr std::string_view kAllCaps = "000001ffffffffff";

// A look from the host, as root, at a whole cgroup2 tree: nothing is missing.
class VantageTest : public testing::Test {
 protected:
  VantageTest() {
    world_.AddProcess("self", {.pid = 7, .effective = kAllCaps});
    OwnMounts("rw", "/", "cgroup2");
    world_.tree.Write("proc/self/cgroup", "0::/user.slice\n");
    world_.tree.Write("cgroup/cgroup.controllers", "cpu memory pids\n");
  }

  void OwnMounts(std::string_view proc_options, std::string_view cgroup_root,
                 std::string_view cgroup_type) {
    world_.tree.Write("proc/self/mountinfo",
                      MountLineOf(1, "/", "/", "ext4", "rw") +
                          MountLineOf(2, "/", "/proc", "proc", proc_options) +
                          MountLineOf(3, cgroup_root, "/sys/fs/cgroup", cgroup_type, "rw"));
  }

  // The ids of what is wrong, in the order of the collection's own steps.
  Ids Problems() {
    snapshot_ = Snapshot();
    const Roots roots = world_.OpenAll();
    ReadBuffer buffer(1 << 20);
    CollectReference(roots, snapshot_, buffer);
    CollectHostMounts(roots, world_.options, snapshot_, buffer);
    const Memberships memberships(roots, snapshot_, buffer);
    snapshot_.host.lockdown = lockdown_;
    snapshot_.counts.processes_truncated = truncated_;
    CollectVantage(roots, snapshot_, buffer);
    Ids ids;
    for (const auto& problem : snapshot_.vantage.problems) {
      EXPECT_FALSE(problem.text.empty() || problem.remedy.empty()) << problem.id;
      ids.push_back(problem.id);
    }
    return ids;
  }

  CollectWorld world_;
  Snapshot snapshot_;
  std::string lockdown_ = "none";
  bool truncated_ = false;
};

TEST_F(VantageTest, RootOnTheHostSeesEverything) {
  EXPECT_EQ(Problems(), Ids());
  EXPECT_EQ(snapshot_.vantage.uid, Uid{0});
  EXPECT_EQ(snapshot_.vantage.capabilities, CapSet::UpTo(40));
  EXPECT_TRUE(snapshot_.vantage.host_namespaces);
  EXPECT_TRUE(snapshot_.vantage.whole_cgroup_view);
  EXPECT_FALSE(snapshot_.vantage.hidepid);
}

TEST_F(VantageTest, AUserLacksPtraceAccess) {
  world_.AddProcess("self", {.pid = 7, .uid = 1000});
  OwnMounts("rw", "/", "cgroup2");
  EXPECT_EQ(Problems(), Ids{"no-ptrace-access"});
  EXPECT_EQ(snapshot_.vantage.uid, Uid{1000});
  EXPECT_TRUE(snapshot_.vantage.problems[0].text.starts_with("hullmark does not run as root"));
}

TEST_F(VantageTest, RootWithoutTheCapabilityLacksItToo) {
  world_.tree.Write("proc/self/status", StatusTextOf({.effective = "000001fffff7ffff"}));
  EXPECT_EQ(Problems(), Ids{"no-ptrace-access"});
  EXPECT_TRUE(snapshot_.vantage.problems[0].text.starts_with("hullmark lacks CAP_SYS_PTRACE"));
}

TEST_F(VantageTest, AnUnreadableStatusIsNotTheStatusOfRoot) {
  const std::string status = StatusTextOf({.effective = kAllCaps});
  for (const auto& text : {std::string(), status.substr(0, status.size() / 2)}) {
    world_.tree.Write("proc/self/status", text);
    EXPECT_EQ(Problems(), Ids{"own-status"});
    EXPECT_EQ(snapshot_.vantage.uid, Uid{geteuid()});
    EXPECT_TRUE(snapshot_.vantage.capabilities.empty());
  }
  world_.tree.Remove("proc/self/status");
  EXPECT_EQ(Problems(), Ids{"own-status"});
}

TEST_F(VantageTest, WithoutItsStatusItStillKnowsItsUser) {
  if (!CanBecomeAnother()) GTEST_SKIP() << "needs to become another user";
  world_.tree.Remove("proc/self/status");
  ASSERT_EQ(chmod(world_.tree.Path(".").c_str(), 0755), 0);
  ASSERT_EQ(seteuid(65534), 0);
  const Ids problems = Problems();
  ASSERT_EQ(seteuid(0), 0);
  EXPECT_EQ(problems, Ids{"own-status"});
  EXPECT_EQ(snapshot_.vantage.uid, Uid{65534});
}

TEST_F(VantageTest, AnotherPidNamespaceHidesTheHost) {
  world_.AddProcess("1", {.pid = 1});
  world_.tree.Link("proc/self/ns/pid", "pid:[4026532000]");
  EXPECT_EQ(Problems(), Ids{"pid-namespace"});
  EXPECT_FALSE(snapshot_.vantage.initial_pid_namespace);
  EXPECT_FALSE(snapshot_.vantage.host_namespaces);
  EXPECT_EQ(snapshot_.host.mounts, Missing(ErrorCode::kVantage)) << "pid 1 is a stranger";
  EXPECT_EQ(snapshot_.host.bounding, Missing(ErrorCode::kVantage));
}

TEST_F(VantageTest, AnotherUserNamespaceRenumbersTheIds) {
  world_.tree.Link("proc/self/ns/user", "user:[4026532000]");
  EXPECT_EQ(Problems(), Ids{"user-namespace"});
  EXPECT_FALSE(snapshot_.vantage.initial_user_namespace);
  EXPECT_FALSE(snapshot_.vantage.host_namespaces);
}

TEST_F(VantageTest, UnreadableNamespacesAreNotTheHosts) {
  world_.tree.Remove("proc/self/ns");
  EXPECT_EQ(Problems(), (Ids{"pid-namespace", "user-namespace"}));
}

TEST_F(VantageTest, HidepidHidesProcesses) {
  for (const char* const options : {"rw,hidepid=invisible", "rw,hidepid=2,gid=5", "rw,hidepid=1"}) {
    OwnMounts(options, "/", "cgroup2");
    EXPECT_EQ(Problems(), Ids{"hidepid"}) << options;
    EXPECT_TRUE(snapshot_.vantage.hidepid);
  }
  for (const char* const options : {"rw,hidepid=0", "rw,hidepid=off", "rw"}) {
    OwnMounts(options, "/", "cgroup2");
    EXPECT_EQ(Problems(), Ids()) << options;
    EXPECT_FALSE(snapshot_.vantage.hidepid);
  }
}

TEST_F(VantageTest, SubsetPidHidesTheRest) {
  OwnMounts("rw,subset=pid", "/", "cgroup2");
  EXPECT_EQ(Problems(), Ids{"subset-pid"});
}

TEST_F(VantageTest, APartOfTheCgroupTreeIsNotTheWhole) {
  OwnMounts("rw", "/docker/abc", "cgroup2");
  EXPECT_EQ(Problems(), Ids{"partial-cgroup-view"});
  EXPECT_FALSE(snapshot_.vantage.whole_cgroup_view);
  OwnMounts("rw", "/", "cgroup2");
  world_.tree.Write("proc/self/cgroup", "0::/../other\n");
  EXPECT_EQ(Problems(), Ids{"partial-cgroup-view"});
}

TEST_F(VantageTest, NoMountedHierarchyIsSaid) {
  OwnMounts("rw", "/", "tmpfs");
  world_.tree.Write("proc/self/cgroup", "");
  EXPECT_EQ(Problems(), Ids{"no-cgroups"});
  EXPECT_EQ(snapshot_.host.cgroup_layout, Missing(ErrorCode::kNotFound));
}

TEST_F(VantageTest, AnUnreadableMountTableIsTheOnlyThingSaidOfMounts) {
  for (const char* const own_cgroup : {"", "0::/user.slice\n"}) {
    world_.tree.Write("proc/self/cgroup", own_cgroup);
    world_.tree.Write("proc/self/mountinfo", "?\n");
    EXPECT_EQ(Problems(), Ids{"own-mounts"}) << own_cgroup;
    EXPECT_FALSE(snapshot_.vantage.whole_cgroup_view);
    EXPECT_EQ(snapshot_.host.cgroup_layout, Missing(ErrorCode::kMalformed));
    world_.tree.Remove("proc/self/mountinfo");
    EXPECT_EQ(Problems(), Ids{"own-mounts"}) << own_cgroup;
    EXPECT_EQ(snapshot_.host.cgroup_layout, Missing(ErrorCode::kNotFound, ENOENT));
  }
}

TEST_F(VantageTest, LockdownAndTooManyProcessesAreSaid) {
  lockdown_ = "confidentiality";
  truncated_ = true;
  EXPECT_EQ(Problems(), (Ids{"lockdown", "too-many-processes"}));
  lockdown_ = "integrity";
  truncated_ = false;
  EXPECT_EQ(Problems(), Ids());
}

}  // namespace
}  // namespace hullmark
