// SPDX-License-Identifier: Apache-2.0
#include "agent/config/units.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "hullmark/ids.h"

namespace hullmark {
namespace {

using std::chrono::milliseconds;

TEST(ParseDurationTest, TakesANumberAndItsUnit) {
  EXPECT_EQ(ParseDuration("500ms"), milliseconds(500));
  EXPECT_EQ(ParseDuration("15s"), milliseconds(15'000));
  EXPECT_EQ(ParseDuration("10m"), milliseconds(600'000));
  EXPECT_EQ(ParseDuration("24h"), milliseconds(86'400'000));
  EXPECT_EQ(ParseDuration("0s"), milliseconds(0));
}

TEST(ParseDurationTest, RefusesEverythingElse) {
  for (const char* const text : {"", "s", "15", "15 s", " 15s", "15S", "-1s", "+1s", "1.5s", "1d",
                                 "15sec", "99999999999999999999s", "18446744073709551615h"}) {
    EXPECT_EQ(ParseDuration(text), std::nullopt) << text;
  }
}

TEST(ParseSizeTest, TakesBinaryUnits) {
  EXPECT_EQ(ParseSize("512B"), 512U);
  EXPECT_EQ(ParseSize("64KiB"), 65'536U);
  EXPECT_EQ(ParseSize("64MiB"), 67'108'864U);
  EXPECT_EQ(ParseSize("2GiB"), 2'147'483'648U);
  EXPECT_EQ(ParseSize("1TiB"), std::uint64_t{1} << 40);
}

TEST(ParseSizeTest, RefusesEverythingElse) {
  for (const char* const text :
       {"", "64", "64MB", "64M", "64 MiB", "-1MiB", "1e3B", "9007199254740992GiB"}) {
    EXPECT_EQ(ParseSize(text), std::nullopt) << text;
  }
}

TEST(ParseEndTest, ADateLastsUntilItsEnd) {
  EXPECT_EQ(ParseEnd("2026-12-31"), ParseTime("2027-01-01T00:00:00Z"));
  EXPECT_EQ(ParseEnd("2024-02-29"), ParseTime("2024-03-01T00:00:00Z"));
  EXPECT_EQ(ParseEnd("2026-12-31T12:00:00+01:00"), ParseTime("2026-12-31T11:00:00Z"));
  for (const char* const text : {"", "2026-02-29", "2026-13-01", "31.12.2026", "2026-12-3",
                                 "2026-12-31T", "never", "9999-12-31"}) {
    EXPECT_EQ(ParseEnd(text), std::nullopt) << text;
  }
}

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

}  // namespace
}  // namespace hullmark
