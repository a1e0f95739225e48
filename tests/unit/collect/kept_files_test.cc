// SPDX-License-Identifier: Apache-2.0
#include "agent/collect/kept_files.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

#include "agent/base/file.h"
#include "agent/collect/rotation.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "tests/unit/temp_tree.h"

namespace hullmark {
namespace {

using std::chrono::seconds;

constexpr Timestamp At(std::int64_t second) { return Timestamp{second * 1'000'000'000}; }

TEST(Rotation, GivesEachNumberOneTurnInThePeriod) {
  for (std::uint64_t number = 0; number < 100; ++number) {
    int turns = 0;
    for (int at = 1'000; at < 1'300; at += 15) {
      turns += Rotation(At(at), At(at + 15), seconds(300)).IsDue(number) ? 1 : 0;
    }
    EXPECT_EQ(turns, 1) << number;
  }
}

TEST(Rotation, SpreadsNeighboursOverTheTurns) {
  std::size_t due = 0;
  for (std::uint64_t number = 0; number < 10'000; ++number) {
    due += Rotation(At(1'000), At(1'015), seconds(300)).IsDue(number) ? 1U : 0U;
  }
  EXPECT_NEAR(static_cast<double>(due), 500, 25);
}

TEST(Rotation, AllAreDueAfterAPeriodAndWhenTheClockWasSetBack) {
  EXPECT_TRUE(Rotation(At(0), At(300), seconds(300)).IsDue(7));
  EXPECT_TRUE(Rotation(At(1'000), At(999), seconds(300)).IsDue(7));
  EXPECT_FALSE(Rotation(At(1'000), At(1'000), seconds(300)).IsDue(7));
}

// Descriptors that are kept, on a directory of plain files.
class KeptLimits : public testing::Test {
 protected:
  KeptLimits() { tree_.Write("a/memory.max", "100\n"); }

  std::string Read(KeptFiles& kept, const std::string& path, std::uint64_t inode,
                   const char* name = "memory.max") {
    const Fd top = tree_.Open();
    CgroupDirectory directory(top, path);
    kept.Enter(path, inode);
    const auto text = kept.Read(directory, name, buffer_);
    return text ? std::string(*text) : std::string(NameOf(text.error().code));
  }

  TempTree tree_;
  ReadBuffer buffer_{1'000};
};

TEST_F(KeptLimits, WhatIsWrittenIsSeenThroughTheSameDescriptor) {
  KeptFiles kept(10);
  EXPECT_EQ(Read(kept, "a", 1), "100\n");
  tree_.Write("a/memory.max", "max\n");
  EXPECT_EQ(Read(kept, "a", 1), "max\n");
  EXPECT_EQ(kept.size(), 1U);
}

TEST_F(KeptLimits, AnotherCgroupOfTheSameNameIsOpenedAnew) {
  KeptFiles kept(10);
  Read(kept, "a", 1);
  tree_.Remove("a");
  tree_.Write("a/memory.max", "7\n");
  EXPECT_EQ(Read(kept, "a", 2), "7\n");
  EXPECT_EQ(kept.size(), 1U);
}

TEST_F(KeptLimits, PastTheMostFilesAreOpenedEachTime) {
  KeptFiles kept(1);
  tree_.Write("b/memory.max", "5\n");
  EXPECT_EQ(Read(kept, "a", 1), "100\n");
  EXPECT_EQ(Read(kept, "b", 2), "5\n");
  EXPECT_EQ(Read(kept, "b", 2, "memory.min"), "not found");
  EXPECT_EQ(kept.size(), 1U);
}

TEST_F(KeptLimits, ThoseNotEnteredAreLetGoOf) {
  KeptFiles kept(10);
  Read(kept, "a", 1);
  kept.EndLook();
  EXPECT_EQ(kept.size(), 1U);
  kept.EndLook();
  EXPECT_EQ(kept.size(), 0U);
}

TEST_F(KeptLimits, AFileThatWasAbsentIsLookedForInItsTurn) {
  KeptFiles kept(10);
  kept.BeginLook(Rotation(At(1'000), At(1'000), seconds(300)));
  EXPECT_EQ(Read(kept, "a", 1, "memory.high"), "not found");
  tree_.Write("a/memory.high", "9\n");
  EXPECT_EQ(Read(kept, "a", 1, "memory.high"), "not found");
  kept.BeginLook(Rotation(At(1'000), At(1'300), seconds(300)));
  EXPECT_EQ(Read(kept, "a", 1, "memory.high"), "9\n");
}

}  // namespace
}  // namespace hullmark
