// SPDX-License-Identifier: Apache-2.0
#include "agent/watch/cgroup_watch.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstddef>
#include <fstream>
#include <memory>
#include <string>

#include "tests/unit/temp_tree.h"

namespace hullmark {
namespace {

TEST(CgroupWatch, TellsBirthAndDeath) {
  const TempTree tree;
  tree.MakeDirectory("a/b");
  const auto watch = CgroupWatch::Create(tree.Path(".")).value();
  EXPECT_FALSE(watch->Changed());
  tree.MakeDirectory("a/b/c");
  EXPECT_TRUE(watch->Changed());
  EXPECT_FALSE(watch->Changed());
  tree.Remove("a/b/c");
  EXPECT_TRUE(watch->Changed());
  EXPECT_FALSE(watch->IsPartial());
}

TEST(CgroupWatch, WatchesWhatWasBorn) {
  const TempTree tree;
  const auto watch = CgroupWatch::Create(tree.Path(".")).value();
  tree.MakeDirectory("new/deep");  // The deep one may be made before the new one is watched.
  EXPECT_TRUE(watch->Changed());
  EXPECT_FALSE(watch->Changed());
  tree.MakeDirectory("new/deep/er");
  EXPECT_TRUE(watch->Changed());
}

TEST(CgroupWatch, FilesAreNoCgroups) {
  const TempTree tree;
  const auto watch = CgroupWatch::Create(tree.Path(".")).value();
  tree.Write("file", "");
  EXPECT_FALSE(watch->Changed());
}

TEST(CgroupWatch, PastItsBoundItSaysSo) {
  const TempTree tree;
  for (const char* name : {"a", "b", "c", "d"}) tree.MakeDirectory(name);
  const auto watch = CgroupWatch::Create(tree.Path("."), 3).value();
  EXPECT_TRUE(watch->IsPartial());
  tree.MakeDirectory("e");
  EXPECT_TRUE(watch->Changed()) << "the top is watched first";
  for (const char* name : {"a", "b", "c"}) tree.Remove(name);
  EXPECT_TRUE(watch->Changed());
  watch->Refresh();
  EXPECT_FALSE(watch->IsPartial());
}

std::size_t WatchesOf(const CgroupWatch& watch) {
  std::ifstream file("/proc/self/fdinfo/" + std::to_string(watch.fd()));
  std::size_t watches = 0;
  for (std::string line; std::getline(file, line);) watches += line.starts_with("inotify ") ? 1 : 0;
  return watches;
}

TEST(CgroupWatch, AWholeTreeThatIsFullIsNotPartial) {
  const TempTree tree;
  for (const char* name : {"a", "b"}) tree.MakeDirectory(name);
  const auto watch = CgroupWatch::Create(tree.Path("."), 3).value();
  EXPECT_FALSE(watch->IsPartial());
  watch->Refresh();
  EXPECT_FALSE(watch->IsPartial());
}

// cgroupfs keeps the watches of what was removed, as no other file system does.
TEST(CgroupWatch, CgroupsThatAreGoneAreNotWatched) {
  const std::string top =
      WatchedHierarchy("/sys/fs/cgroup") + "/hullmark-test-" + std::to_string(getpid());
  if (mkdir(top.c_str(), 0755) != 0) GTEST_SKIP() << "no cgroup can be made at " << top;
  constexpr std::size_t kMost = 20;
  const auto watch = CgroupWatch::Create(top, kMost).value();
  const std::size_t before = WatchesOf(*watch);
  const std::string outer = top + "/outer", inner = outer + "/inner";
  const auto live = [&] {
    mkdir(outer.c_str(), 0755);
    mkdir(inner.c_str(), 0755);
    EXPECT_TRUE(watch->Changed());
    EXPECT_EQ(WatchesOf(*watch), before + 2);
    rmdir(inner.c_str());
    rmdir(outer.c_str());
  };
  for (int i = 0; i < 200; ++i) {
    live();
    EXPECT_TRUE(watch->Changed());
  }
  EXPECT_EQ(WatchesOf(*watch), before);
  EXPECT_FALSE(watch->IsPartial());
  live();
  watch->Refresh();  // Also where the events were lost.
  EXPECT_EQ(WatchesOf(*watch), before);
  rmdir(top.c_str());
}

TEST(CgroupWatch, NothingToWatchIsAnError) { EXPECT_FALSE(CgroupWatch::Create("/nowhere/at/all")); }

TEST(CgroupWatch, AHierarchyOfVersion1IsChosen) {
  const TempTree tree;
  tree.MakeDirectory("pids");
  tree.MakeDirectory("memory");
  EXPECT_EQ(WatchedHierarchy(tree.Path("v")), tree.Path("v"));
  const std::string root = tree.Path("pids").substr(0, tree.Path("pids").size() - 5);
  EXPECT_EQ(WatchedHierarchy(root), root + "/memory");
  tree.Write("cgroup.controllers", "memory pids\n");
  EXPECT_EQ(WatchedHierarchy(root), root) << "version 2, with cgroups of these names";
}

}  // namespace
}  // namespace hullmark
