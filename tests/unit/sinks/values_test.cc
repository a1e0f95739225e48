// SPDX-License-Identifier: Apache-2.0
#include "agent/sinks/values.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "hullmark/caps.h"
#include "hullmark/ids.h"
#include "hullmark/limits.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"
#include "tests/unit/sinks/world.h"

namespace hullmark {
namespace {

TEST(Values, TimesAreUtcToTheMillisecond) {
  EXPECT_EQ(ToRfc3339(Timestamp{0}), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(ToRfc3339(Timestamp{1'709'210'096'789'999'999}), "2024-02-29T12:34:56.789Z");
  EXPECT_EQ(ToRfc3339(Timestamp{-1'000'000}), "1969-12-31T23:59:59.999Z");
  EXPECT_EQ(ToRfc3339(Timestamp{std::numeric_limits<std::int64_t>::min()}),
            "1677-09-21T00:12:43.145Z");
}

TEST(Values, AnEndAtMidnightIsTheDayBefore) {
  constexpr std::int64_t kSecond = 1'000'000'000;
  EXPECT_EQ(EndText(Timestamp{1'709'251'200 * kSecond}), "2024-02-29");
  EXPECT_EQ(EndText(Timestamp{1'709'210'096 * kSecond}), "2024-02-29 12:34 UTC");
}

TEST(Values, PointsAreExact) {
  EXPECT_EQ(PointsText(0), "0");
  EXPECT_EQ(PointsText(6000), "6");
  EXPECT_EQ(PointsText(12'500), "12.5");
  EXPECT_EQ(PointsText(125), "0.125");
}

TEST(Values, BytesHaveTheUnitThatIsExactOrADecimal) {
  EXPECT_EQ(BytesText(0), "0 B");
  EXPECT_EQ(BytesText(1023), "1023 B");
  EXPECT_EQ(BytesText(512ULL << 20), "512 MiB");
  EXPECT_EQ(BytesText(1536), "1.5 KiB");
  EXPECT_EQ(BytesText(UINT64_MAX), "16.0 EiB");
}

TEST(Values, CapabilitiesWithoutANameAreNotLost) {
  EXPECT_EQ(NamesOf(CapSet((1ULL << 45) | 1)), (std::vector<std::string>{"CAP_CHOWN", "bit 45"}));
}

TEST(Values, AContainerStartsWhenItsInitDoes) {
  testing::World world = testing::MakeWorld();
  Container& container = testing::Add(world, {.name = "web"});
  const auto start = StartOf(world.snapshot, container);
  EXPECT_EQ(ToRfc3339(start.value_or(Timestamp{0})), "2026-01-01T20:40:01.000Z");
  world.snapshot.processes[0].stat.start = BootTicks{UINT64_MAX};
  EXPECT_FALSE(StartOf(world.snapshot, container).has_value());
  world.snapshot.processes[0].stat.start = BootTicks{100};
  world.snapshot.host.booted_at = Missing(ErrorCode::kDenied, EACCES);
  EXPECT_FALSE(StartOf(world.snapshot, container).has_value());
  container.init.reset();
  EXPECT_FALSE(StartOf(world.snapshot, container).has_value());
}

TEST(Values, ANamelessContainerGoesByItsShortId) {
  testing::World world = testing::MakeWorld();
  EXPECT_EQ(CallName(world.snapshot, testing::Add(world, {.name = "web"})), "web");
  EXPECT_EQ(CallName(world.snapshot, testing::Add(world, {.name = "", .id = "0123456789abcdef"})),
            "0123456789ab");
}

const LimitRow& RowOf(const std::vector<LimitRow>& rows, std::string_view name) {
  const auto at = std::ranges::find(rows, name, &LimitRow::name);
  return at == rows.end() ? rows.front() : *at;
}

TEST(Limits, NameTheFileThatBindsInItsVersion) {
  testing::World world = testing::MakeWorld();
  const Container& container = testing::Add(world, {.name = "web", .id = "abc"});
  EXPECT_EQ(RowOf(LimitsOf(world.snapshot, container), "memory").source,
            "/sys/fs/cgroup/docker/abc/memory.max");
  Hierarchy& hierarchy = world.snapshot.hierarchies[0];
  hierarchy.version = CgroupVersion::kV1;
  hierarchy.mount_point = world.snapshot.strings.Intern("/sys/fs/cgroup/memory");
  world.snapshot.cgroups[0].path = world.snapshot.strings.Intern("/");
  EXPECT_EQ(RowOf(LimitsOf(world.snapshot, container), "memory").source,
            "/sys/fs/cgroup/memory/memory.limit_in_bytes");
}

TEST(Limits, TellUnlimitedFromUnknown) {
  testing::World world = testing::MakeWorld();
  Container& container = testing::Add(world, {.name = "web"});
  container.limits.memory = {.value = Missing(ErrorCode::kNotFound), .source = {}};
  const auto rows = LimitsOf(world.snapshot, container);
  EXPECT_TRUE(std::holds_alternative<std::monostate>(RowOf(rows, "memory").value));
  EXPECT_TRUE(std::holds_alternative<std::monostate>(RowOf(rows, "pids").value));
  ASSERT_TRUE(std::holds_alternative<Fault>(RowOf(rows, "swap").value));
  EXPECT_EQ(std::get<Fault>(RowOf(rows, "swap").value).error_number, EACCES);
  EXPECT_EQ(std::get<double>(RowOf(rows, "cpu_quota").value), 1.5);
}

TEST(Limits, AZeroPeriodIsNoQuota) {
  testing::World world = testing::MakeWorld();
  Container& container = testing::Add(world, {.name = "web"});
  container.limits.cpu_quota.value = CpuQuota{.quota = 1, .period = 0};
  const auto rows = LimitsOf(world.snapshot, container);
  ASSERT_TRUE(std::holds_alternative<Fault>(RowOf(rows, "cpu_quota").value));
}

TEST(Limits, OnlyOneVersionsAreListedWhereTheyAre) {
  testing::World world = testing::MakeWorld();
  Container& container = testing::Add(world, {.name = "web"});
  EXPECT_EQ(LimitsOf(world.snapshot, container).size(), 9U);
  container.limits.memory_high.value = Limit{1 << 20};
  const auto rows = LimitsOf(world.snapshot, container);
  ASSERT_EQ(rows.size(), 10U);
  EXPECT_EQ(rows.back().name, "memory_high");
}

}  // namespace
}  // namespace hullmark
