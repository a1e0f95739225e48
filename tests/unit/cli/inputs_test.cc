// SPDX-License-Identifier: Apache-2.0
#include "agent/cli/inputs.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "tests/unit/temp_tree.h"

namespace hullmark {
namespace {

TEST(ParseTimeTest, TakesRfc3339) {
  constexpr std::int64_t kNoon = 1'795'291'200'000'000'000;  // 2026-11-21T20:00:00Z
  const std::pair<std::string_view, std::int64_t> cases[] = {
      {"1970-01-01T00:00:00Z", 0},
      {"2026-11-21T20:00:00Z", kNoon},
      {"2026-11-21T21:30:00+01:30", kNoon},
      {"2026-11-21T18:00:00-02:00", kNoon},
      {"2026-11-21T20:00:00.25Z", kNoon + 250'000'000},
      {"2026-11-21T20:00:00.0000000019Z", kNoon + 1}};
  for (const auto& [text, expected] : cases)
    EXPECT_EQ(ParseTime(text), Timestamp{expected}) << text;
}

TEST(ParseTimeTest, RefusesEverythingElse) {
  for (const char* const text :
       {"", "now", "2026-11-21", "2026-11-21T20:00:00", "2026-11-21 20:00:00Z",
        "2026-11-21T20:00:00.Z", "2026-11-21T20:00:00+1:00", "2026-11-21T20:00:00+24:00",
        "2026-11-21T20:00:00+01:60", "2026-11-21T20:00:00Zx", "2026-13-21T20:00:00Z",
        "2026-11-21T25:00:00Z", "1969-12-31T23:59:59Z", "9999-01-01T00:00:00Z",
        "2026-11-21T20:00:00+-1:00", "2026-11-21T20:00:00+01:-1"}) {
    EXPECT_EQ(ParseTime(text), std::nullopt) << text;
  }
}

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
