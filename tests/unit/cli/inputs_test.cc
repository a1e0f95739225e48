// SPDX-License-Identifier: Apache-2.0
#include "agent/cli/inputs.h"

#include <gtest/gtest.h>

#include <string>

#include "hullmark/result.h"
#include "tests/unit/temp_tree.h"

namespace hullmark {
namespace {

TEST(ReadSnapshotFileTest, ReadsRegularFilesOnlyAndNamesThePath) {
  const TempTree tree;
  tree.MakeFifo("fifo");
  EXPECT_EQ(ReadSnapshotFile(tree.Path("fifo")).error().code, ErrorCode::kMalformed);
  EXPECT_EQ(ReadSnapshotFile(tree.Path(".")).error().code, ErrorCode::kMalformed);
  const auto absent = ReadSnapshotFile(tree.Path("absent"));
  EXPECT_EQ(absent.error().code, ErrorCode::kNotFound);
  EXPECT_TRUE(absent.error().message.starts_with(tree.Path("absent")));
}

}  // namespace
}  // namespace hullmark
