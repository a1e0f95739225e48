// SPDX-License-Identifier: Apache-2.0
#include "agent/runtime/layouts.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "hullmark/snapshot.h"

namespace hullmark::runtime {
namespace {

std::ifstream Table(const std::string& name) {
  return std::ifstream{std::filesystem::path(HULLMARK_FIXTURES) / "layouts" / name};
}

// Lines "path runtime id"; "none -" for what is no container's cgroup.
TEST(Layouts, EveryShapeOfTheTable) {
  auto table = Table("cgroups");
  int rows = 0;
  for (std::string line; std::getline(table, line); ++rows) {
    std::istringstream words(line);
    std::string path, runtime, id;
    words >> path >> runtime >> id;
    const auto match = MatchLayout(path);
    EXPECT_EQ(match ? NameOf(match->runtime) : "none", runtime) << path;
    EXPECT_EQ(match ? match->id : "-", id) << path;
  }
  EXPECT_GT(rows, 40);
}

// Lines "path pod", "-" for none.
TEST(Layouts, EveryPodOfTheTable) {
  auto table = Table("pods");
  int rows = 0;
  for (std::string line; std::getline(table, line); ++rows) {
    std::istringstream words(line);
    std::string path, pod;
    words >> path >> pod;
    const auto found = PodOfPath(path);
    EXPECT_EQ(found.empty() ? "-" : found, pod) << path;
  }
  EXPECT_GT(rows, 8);
}

TEST(Layouts, TextsThatAreNoPaths) {
  for (const char* text : {"", "/", "//", "a", ":", "::", ":::", "/a:", "/a::", "/:docker:"}) {
    EXPECT_FALSE(MatchLayout(text)) << text;
    EXPECT_EQ(PodOfPath(text), "") << text;
  }
}

TEST(Layouts, UndoesEscapesOnly) {
  EXPECT_EQ(UnescapeUnit("my\\x2dbox"), "my-box");
  EXPECT_EQ(UnescapeUnit("a\\x2"), "a\\x2");
  EXPECT_EQ(UnescapeUnit("a\\xzz"), "a\\xzz");
  EXPECT_EQ(UnescapeUnit("\\"), "\\");
}

}  // namespace
}  // namespace hullmark::runtime
