// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <utility>

#include "agent/base/covers.h"
#include "agent/base/file.h"
#include "agent/collect/collect.h"
#include "agent/collect/membership.h"
#include "agent/collect/reference.h"
#include "hullmark/limits.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

namespace fs = std::filesystem;

TEST(Covers, WholeComponents) {
  EXPECT_TRUE(Covers("/mnt/cg", "/mnt/cg"));
  EXPECT_TRUE(Covers("/mnt/cg", "/mnt/cg/memory"));
  EXPECT_TRUE(Covers("/", "/mnt"));
  EXPECT_FALSE(Covers("/mnt/cg", "/mnt/cg2"));
  EXPECT_FALSE(Covers("/mnt/cg", "/mnt"));
}

TEST(OpenRoots, NamesMountPointsAsMountTablesDo) {
  if (!fs::exists("/proc/self") || !fs::exists("/sys/fs/cgroup/.")) GTEST_SKIP() << "needs Linux";
  const auto roots = OpenRoots({.proc = "/proc/", .cgroup = "/sys/fs/../fs/cgroup//", .host = {}});
  if (!roots) GTEST_SKIP() << roots.error().message;
  EXPECT_EQ(roots->proc_mount_point, "/proc");
  EXPECT_EQ(roots->cgroup_mount_point, "/sys/fs/cgroup");
}

// A tree with the mount table and the status of the reader.
class OwnMountsTest : public testing::Test {
 protected:
  OwnMountsTest() {
    std::string pattern = (fs::temp_directory_path() / "hullmark-roots-XXXXXX").string();
    top_ = mkdtemp(pattern.data());
    for (const char* const name : {"proc/self", "sys", "cgroup"}) {
      fs::create_directories(top_ / name);
    }
    auto roots = OpenRoots({.proc = (top_ / "proc").string(),
                            .sys = (top_ / "sys").string(),
                            .cgroup = (top_ / "cgroup").string(),
                            .host = {},
                            .plain = true});
    roots_ = std::move(*roots);
  }
  ~OwnMountsTest() override { fs::remove_all(top_); }

  void Mounts(std::string_view text) { std::ofstream(top_ / "proc/self/mountinfo") << text; }

  // The id of a problem, or "".
  std::string FirstOf(std::string_view one, std::string_view other) {
    Snapshot snapshot;
    CollectStanding(roots_, snapshot, buffer_);
    CollectVantage(roots_, snapshot, buffer_);
    for (const auto& problem : snapshot.vantage.problems) {
      if (problem.id == one || problem.id == other) return problem.id;
    }
    return "";
  }

  fs::path top_;
  Roots roots_;
  ReadBuffer buffer_{1U << 20};
};

TEST_F(OwnMountsTest, AMountTableWithoutProcTellsNothingOfIt) {
  constexpr std::string_view kRoot = "1 0 8:1 / / rw - ext4 /dev/sda1 rw\n";
  constexpr std::string_view kProc = "2 1 0:5 / /proc rw - proc proc rw";
  const auto problem = [&] { return FirstOf("own-mounts", "hidepid"); };
  Mounts(kRoot);
  EXPECT_EQ(problem(), "own-mounts");
  Mounts(std::string(kRoot) + std::string(kProc) + "\n");
  EXPECT_EQ(problem(), "");
  Mounts(std::string(kRoot) + std::string(kProc) + ",hidepid=invisible\n");
  EXPECT_EQ(problem(), "hidepid");
}

TEST_F(OwnMountsTest, AHierarchyBesideTheRootIsNotBelowIt) {
  roots_.cgroup_mount_point = "/mnt/cg";
  Mounts("1 0 0:30 / /mnt/cg2 rw - cgroup2 cgroup2 rw\n");
  Snapshot beside;
  const Memberships none(roots_, beside, buffer_);
  EXPECT_TRUE(beside.hierarchies.empty());
  Mounts("1 0 0:30 / /mnt/cg rw - cgroup2 cgroup2 rw\n");
  Snapshot below;
  const Memberships one(roots_, below, buffer_);
  EXPECT_EQ(below.hierarchies.size(), 1U);
}

// What stands among the options of a mount is a controller if processes are in a hierarchy so
// named.
TEST_F(OwnMountsTest, AMountFlagIsNoController) {
  std::ofstream(top_ / "proc/self/cgroup") << "2:cpu,cpuacct:/\n1:name=systemd:/\n";
  Mounts(
      "1 0 0:30 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,favordynmods,name=systemd\n"
      "2 0 0:31 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,noprefix,cpu,cpuacct\n");
  Snapshot snapshot;
  const Memberships memberships(roots_, snapshot, buffer_);
  ASSERT_EQ(snapshot.hierarchies.size(), 2U);
  EXPECT_EQ(snapshot.Text(snapshot.hierarchies[0].name), "name=systemd");
  EXPECT_EQ(snapshot.Text(snapshot.hierarchies[1].name), "cpu,cpuacct");
  EXPECT_EQ(snapshot.hierarchies[1].controllers, 1U << std::to_underlying(Controller::kCpu));
}

}  // namespace
}  // namespace hullmark
