// SPDX-License-Identifier: Apache-2.0
#include "agent/enforce/unit_limits.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <expected>
#include <map>
#include <string>
#include <tuple>

#include "agent/base/file.h"
#include "agent/enforce/action_book.h"
#include "agent/enforce/action_entry.h"
#include "agent/enforce/limit_change.h"
#include "agent/enforce/rollback.h"
#include "hullmark/action.h"
#include "hullmark/result.h"
#include "tests/unit/enforce/host_tree.h"

namespace hullmark {
namespace {

// A systemd that remembers one unit, and writes its files as it does: all that it knows of.
class UnitLimitsTest : public testing::Test {
 protected:
  UnitLimits Units() {
    return {.get = [this](const std::string& unit) -> Result<UnitLimits::Unit> {
              if (!answers_ || unit != "docker-1.scope") {
                return Fail(ErrorCode::kNotFound, "no answer");
              }
              return UnitLimits::Unit{.cgroup = cgroup_, .properties = properties_};
            },
            .set = [this](const std::string&, const std::string& property,
                          std::uint64_t value) -> Result<void> {
              if (!answers_) return Fail(ErrorCode::kIo, "no answer");
              properties_.at(property) = value;
              Write();
              return {};
            }};
  }

  void Write() const {
    const auto number = [&](const char* property, std::uint64_t unit) {
      const std::uint64_t value = properties_.at(property);
      return value == UINT64_MAX ? "max" : std::to_string(value / unit);
    };
    tree_.Write(place_, "cpu.max", number("CPUQuotaPerSecUSec", 10) + " 100000");
    tree_.Write(place_, "pids.max", number("TasksMax", 1));
    tree_.Write(place_, "memory.high", number("MemoryHigh", 1));
    tree_.Write(place_, "memory.max", number("MemoryMax", 1));
  }

  LimitChange Change(const std::string& file, const std::string& value) {
    LimitChange change{.place = place_, .file = file, .value = value};
    change.former = tree_.Text(place_, file);
    return change;
  }

  ActionOutcome Undo(const LimitChange& change) {
    const UnitLimits units = Units();
    ActionBook book;
    book.Take({.kind = EntryKind::kChange, .id = 1, .change = change});
    return RollBack(book, 1, {.units = units, .is_place = [](const Fd&) { return true; }});
  }

  HostTree tree_;
  CgroupPlace place_ = tree_.Make("docker-1.scope", {{"cpu.max", "max 100000\n"},
                                                     {"pids.max", "100\n"},
                                                     {"memory.high", "max\n"},
                                                     {"memory.max", "7340032\n"},
                                                     {"io.max", ""}});
  Fd directory_ = OpenPlace(place_).value();
  std::string cgroup_ = PathInMount(place_.directory);
  std::map<std::string, std::uint64_t> properties_ = {{"CPUQuotaPerSecUSec", UINT64_MAX},
                                                      {"TasksMax", 100},
                                                      {"MemoryHigh", UINT64_MAX},
                                                      {"MemoryMax", 7'340'032}};
  bool answers_ = true;
};

TEST_F(UnitLimitsTest, AUnitIsToldAndToldBack) {
  for (const auto& [file, value, property, told] :
       {std::tuple("cpu.max", "10000 100000", "CPUQuotaPerSecUSec", 100'000U),
        std::tuple("pids.max", "20", "TasksMax", 20U),
        std::tuple("memory.high", "4096", "MemoryHigh", 4'096U)}) {
    LimitChange change = Change(file, value);
    const std::uint64_t before = properties_.at(property);
    EXPECT_TRUE(FindUnit(Units(), change));
    EXPECT_EQ(change.unit, "docker-1.scope");
    EXPECT_TRUE(SetLimit(Units(), directory_, change, value));
    EXPECT_TRUE(CheckUnit(Units(), change, value));
    EXPECT_EQ(properties_.at(property), told);
    EXPECT_EQ(tree_.Text(place_, file), value);
    EXPECT_EQ(tree_.Text(place_, "memory.max"), "7340032");
    EXPECT_EQ(Undo(change).result, ActionResult::kDone);
    EXPECT_EQ(properties_.at(property), before);
    EXPECT_EQ(tree_.Text(place_, file), change.former);
  }
}

TEST_F(UnitLimitsTest, WhatSystemdWritesOtherwiseIsMadeRight) {
  tree_.Write(place_, "cpu.max", "max 50000");
  LimitChange change = Change("cpu.max", "5000 50000");
  EXPECT_TRUE(FindUnit(Units(), change));
  EXPECT_TRUE(SetLimit(Units(), directory_, change, change.value));
  EXPECT_EQ(tree_.Text(place_, "cpu.max"), "5000 50000");
  EXPECT_EQ(Undo(change).result, ActionResult::kDone);
  EXPECT_EQ(tree_.Text(place_, "cpu.max"), "max 50000");
}

TEST_F(UnitLimitsTest, WithoutAnAnswerTheFileIsWritten) {
  answers_ = false;
  LimitChange change = Change("pids.max", "20");
  const auto found = FindUnit(Units(), change);
  EXPECT_FALSE(found);
  EXPECT_EQ(change.unit, "");
  EXPECT_TRUE(SetLimit(Units(), directory_, change, "20"));
  EXPECT_EQ(tree_.Text(place_, "pids.max"), "20");
  EXPECT_EQ(Undo(change).result, ActionResult::kDone);
  EXPECT_EQ(tree_.Text(place_, "pids.max"), "100");
}

TEST_F(UnitLimitsTest, AnUndoThatSystemdDoesNotHearIsNoneYet) {
  LimitChange change = Change("pids.max", "20");
  EXPECT_TRUE(FindUnit(Units(), change));
  EXPECT_TRUE(SetLimit(Units(), directory_, change, "20"));
  answers_ = false;
  EXPECT_EQ(Undo(change).result, ActionResult::kFailed);
  EXPECT_EQ(tree_.Text(place_, "pids.max"), "100") << "the container is free in any case";
  answers_ = true;
  EXPECT_EQ(Undo(change).result, ActionResult::kDone);
  EXPECT_EQ(properties_.at("TasksMax"), 100U);
}

TEST_F(UnitLimitsTest, WhatARuntimeWroteItselfSystemdIsNotLedToOverwrite) {
  LimitChange change = Change("pids.max", "20");
  const auto why = [&] {
    const auto found = FindUnit(Units(), change);
    return found ? "" : found.error().message;
  };
  tree_.Write(place_, "memory.max", "8388608");
  EXPECT_EQ(why(), "systemd does not know of memory.max");
  EXPECT_EQ(change.unit, "");
  tree_.Write(place_, "memory.max", "7340032");
  tree_.Write(place_, "cpu.max", "20000 100000");
  EXPECT_EQ(why(), "systemd does not know of cpu.max");
  properties_["CPUQuotaPerSecUSec"] = 200'000;
  EXPECT_EQ(why(), "");
}

TEST_F(UnitLimitsTest, TheNameOfAUnitIsNotItsCgroup) {
  LimitChange change = Change("pids.max", "20");
  // A user who may make cgroups has made one of this name further down, or somewhere else.
  for (const std::string& other : {std::string("/docker-1.scope"), std::string("")}) {
    cgroup_ = other;
    EXPECT_FALSE(FindUnit(Units(), change)) << other;
    EXPECT_EQ(change.unit, "");
  }
}

TEST(PathInMountTest, ItBeginsWhereTheMountDoes) {
  EXPECT_EQ(PathInMount("/proc/self/task"), "/self/task");
  EXPECT_EQ(PathInMount("/proc"), "/");
  EXPECT_EQ(PathInMount("/proc/none"), "");
}

TEST_F(UnitLimitsTest, AServiceWouldBeStartedAgainWithIt) {
  const CgroupPlace place = tree_.Make("nginx.service", {{"pids.max", "100\n"}});
  LimitChange change{.place = place, .file = "pids.max", .former = "100", .value = "20"};
  const auto found = FindUnit(Units(), change);
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().message, "a limit of a service would outlive its cgroup");
  EXPECT_EQ(change.unit, "");
}

TEST_F(UnitLimitsTest, WhatSomebodyElseHasSetInTheFileIsNotOverwrittenLater) {
  LimitChange change = Change("pids.max", "20");
  EXPECT_TRUE(FindUnit(Units(), change));
  EXPECT_TRUE(SetLimit(Units(), directory_, change, "20"));
  tree_.Write(place_, "pids.max", "33");
  EXPECT_EQ(Undo(change).text, "pids.max stays: somebody else has set it to 33");
  EXPECT_EQ(tree_.Text(place_, "pids.max"), "33");
  EXPECT_EQ(properties_.at("TasksMax"), 100U) << "systemd has ours no more";
}

TEST_F(UnitLimitsTest, WhatSomebodyElseHasSetInTheUnitStays) {
  LimitChange change = Change("pids.max", "20");
  EXPECT_TRUE(FindUnit(Units(), change));
  EXPECT_TRUE(SetLimit(Units(), directory_, change, "20"));
  properties_["TasksMax"] = 33;
  tree_.Write(place_, "pids.max", "33");
  EXPECT_EQ(Undo(change).result, ActionResult::kDone);
  EXPECT_EQ(properties_.at("TasksMax"), 33U);
}

TEST_F(UnitLimitsTest, WhoHasNotAnsweredInTimeIsNotAskedForAWhile) {
  std::chrono::steady_clock::time_point now{std::chrono::hours(1)};
  std::chrono::seconds takes{0};
  int asked = 0;
  UnitLimits slow = Units();
  slow.get = [&, get = slow.get](const std::string& unit) {
    ++asked;
    now += takes;
    return get(unit);
  };
  const UnitLimits units = AskSparingly(slow, [&now] { return now; });
  answers_ = false;
  EXPECT_FALSE(units.get("docker-1.scope"));
  answers_ = true;
  EXPECT_TRUE(units.get("docker-1.scope")) << "an error at once is an answer";
  answers_ = false;
  takes = std::chrono::seconds(2);
  EXPECT_FALSE(units.get("docker-1.scope"));
  answers_ = true;
  EXPECT_FALSE(units.get("docker-1.scope"));
  EXPECT_FALSE(units.set("docker-1.scope", "TasksMax", 1));
  EXPECT_EQ(asked, 3);
  EXPECT_EQ(properties_.at("TasksMax"), 100U);
  now += std::chrono::seconds(30);
  EXPECT_TRUE(units.get("docker-1.scope"));
  EXPECT_FALSE(AskSparingly({}, [&now] { return now; }).get) << "there is none";
}

TEST_F(UnitLimitsTest, OthersHaveFilesOnly) {
  LimitChange io = Change("io.max", "rbps=1 wbps=1");
  EXPECT_FALSE(FindUnit(Units(), io)) << "it is said";
  EXPECT_EQ(io.unit, "");
  LimitChange pids = Change("pids.max", "20");
  EXPECT_TRUE(FindUnit({}, pids)) << "there is no systemd";
  pids.place.directory += "/container";
  EXPECT_TRUE(FindUnit(Units(), pids)) << "below a unit";
  EXPECT_EQ(pids.unit, "");
}

TEST_F(UnitLimitsTest, TheLogKeepsIt) {
  LimitChange change = Change("pids.max", "20");
  EXPECT_TRUE(FindUnit(Units(), change));
  const ActionEntry entry{.kind = EntryKind::kChange, .id = 3, .change = change};
  EXPECT_EQ(ReadEntry(EntryLine(entry)), entry);
}

}  // namespace
}  // namespace hullmark
