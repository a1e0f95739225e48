// SPDX-License-Identifier: Apache-2.0
#include "agent/watch/cgroup_watch.h"

#include <gtest/gtest.h>

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
