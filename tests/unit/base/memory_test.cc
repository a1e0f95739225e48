// SPDX-License-Identifier: Apache-2.0
#include "agent/base/memory.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <fstream>
#include <string>

namespace hullmark {
namespace {

// Kilobytes of RssFile of proc_pid_status(5).
std::uint64_t ResidentOfFiles() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    std::uint64_t count = 0;
    if (word == "RssFile:" && status >> count) return count;
  }
  return 0;
}

TEST(ReleaseMemoryTest, PagesOfTheProgramGoAndComeBack) {
  const std::uint64_t before = ResidentOfFiles();
  ASSERT_GT(before, 0U);
  ReleaseMemory();
  EXPECT_LT(ResidentOfFiles(), before);
}

}  // namespace
}  // namespace hullmark
