// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon/saved_state.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "agent/daemon/state_file.h"
#include "agent/evaluate/known_state.h"
#include "agent/sinks/event_json.h"
#include "hullmark/check.h"
#include "hullmark/ids.h"
#include "hullmark/report.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"
#include "tests/unit/temp_tree.h"

namespace hullmark {
namespace {

KnownControl Failing() {
  return {.control = 0,
          .standing = Standing::kFailing,
          .severity = Severity::kHigh,
          .next = Standing::kUnknown,
          .scans = 3,
          .stale = true,
          .recent = true,
          .failure = LastFailure{.at = Timestamp{7},
                                 .evidence = 1,
                                 .points = 125'000,
                                 .offenders_begin = 1,
                                 .offenders_end = 2,
                                 .severity = Severity::kCritical}};
}

SavedState Everything() {
  SavedState state;
  state.known.last_id = 12;
  state.known.taken_at = Timestamp{1};
  state.known.boot_id = "b007";
  state.known.controls = {"CAP-001", "HST-001", "OLD-001"};
  state.known.judged = 2;
  state.known.texts = {"", "\x1B[2J \xFF\""};
  state.known.host.grade = Grade::kB;
  state.known.host.controls = {{.control = 1, .standing = Standing::kUnknown}};
  state.known.containers.resize(2);
  auto& container = state.known.containers[0];
  container.id = std::string("\0\xC3(", 3);  // No UTF-8.
  container.start = BootTicks{44};
  container.name = "w\"eb\n\xE2\x80\xAE";
  container.name_space = "shop";
  container.pod = "web-0";
  container.image = "example/app:1";
  container.runtime = Runtime::kCrio;
  container.container_class = ContainerClass::kVm;
  container.waited = 1;
  container.subject.grade_scans = 1;
  container.subject.controls = {Failing(), {.control = 2, .scans = 1}};
  container.subject.offenders = {{.pid = Pid{8}, .start = BootTicks{1}},
                                 {.pid = Pid{9}, .start = BootTicks{1ULL << 63}}};
  state.outbox = {EventLine({.id = 11}), EventLine({.id = 12, .container_id = "\xFF"})};
  return state;
}

std::string Written(const SavedState& state) {
  std::string text;
  WriteState(state, [&](std::string_view piece) { text += piece; });
  return text;
}

std::string Replaced(std::string text, std::string_view what, std::string_view by) {
  const auto at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  return text.replace(at, what.size(), by);
}

TEST(SavedStateTest, ComesBackAsItWas) {
  const auto again = ReadState(Written(Everything()));
  ASSERT_TRUE(again.has_value()) << again.error().message;
  EXPECT_EQ(*again, Everything());
  EXPECT_EQ(ReadState(Written({})), SavedState{});
}

TEST(SavedStateTest, NoPartOfItIsAState) {
  const std::string whole = Written(Everything());
  for (std::size_t length = 0; length + 2 < whole.size(); ++length) {
    ASSERT_FALSE(ReadState(whole.substr(0, length)).has_value()) << length;
  }
}

TEST(SavedStateTest, WhatItDidNotWriteIsRefused) {
  const std::string whole = Written(Everything());
  constexpr std::string_view kRow = "[0,2,3,1,3,1,1,-6,4,125000,1,1,2]";
  const std::vector<std::vector<std::string_view>> changes = {
      {R"("last_id":12)", R"("last_id":11)"},  // Below the outbox.
      {R"("last_id":12)", R"("last_id":18446744073709551615)"},
      {R"("last_id":12)", R"("last_id":-1)"},
      {R"("last_id")", R"("another")"},
      {kRow, R"([0,3,3,1,3,1,1,-6,4,125000,1,1,2])"},  // No such standing.
      {kRow, R"([0,2,5,1,3,1,1,-6,4,125000,1,1,2])"},  // No such severity.
      {kRow, R"([0,2,3,1,-3,1,1,-6,4,125000,1,1,2])"},
      {kRow, R"([0,2,3,1,256,1,1,-6,4,125000,1,1,2])"},
      {kRow, R"([0,2,3,1,3,2,1,-6,4,125000,1,1,2])"},
      {kRow, R"([0,2,3,1,3,1,1,-6,4,125000,2,1,2])"},  // No such text.
      {kRow, R"([0,2,3,1,3,1,1,-6,4,125000,1,1,3])"},  // No such offender.
      {kRow, R"([0,2,3,1,3,1,1,-6,4,125000,1,2,1])"},
      {kRow, R"([0,2,3,1,3,1,1,-6,4,125000,1,1])"},
      {kRow, R"([0,2,3,1,3,1,1,-6,4,125000,1,1,2,0])"},
      {kRow, R"([0,2,3,1,3,1,1])"},                    // It fails, and never did.
      {kRow, R"([3,2,3,1,3,1,1,-6,4,125000,1,1,2])"},  // No such control.
      {kRow, R"([2,2,3,1,3,1,1,-6,4,125000,1,1,2])"},  // The next one is 2 too.
      {kRow, R"({})"},
      {R"("judged":2)", R"("judged":4)"},
      {R"("OLD-001")", R"("CAP-001")"},
      {R"("hex":"00c328")", R"("hex":"00c32")"},
      {R"("start":44)", R"("start":"44")"},
      {R"("waited":1)", R"("waited":-1)"},
      {R"([9,9223372036854775808])", R"([4294967296,9223372036854775808])"},
      {R"([9,9223372036854775808])", R"([9])"},
      {R"("{\"id\":11)", R"("{\"id\":12)"},
      {R"("{\"id\":11)", R"("{\"id\":x)"},
      {R"("outbox":[)", R"("outbox":[{},)"}};
  for (const auto& change : changes) {
    const auto state = ReadState(Replaced(whole, change[0], change[1]));
    ASSERT_FALSE(state.has_value()) << change[1];
    EXPECT_EQ(state.error().code, ErrorCode::kMalformed);
  }
}

TEST(SavedStateTest, AnotherVersionIsNoDamage) {
  const auto state = ReadState(Replaced(Written({}), "state/2", "state/1"));
  ASSERT_FALSE(state.has_value());
  EXPECT_EQ(state.error().code, ErrorCode::kUnsupported);
}

class StateFileTest : public ::testing::Test {
 protected:
  Result<StateFile> Open() const { return StateFile::Open(tree_.Path("."), Uid{geteuid()}); }
  Result<SavedState> Load() {
    return Open()->Load([&](const std::string& text) { warnings_.push_back(text); });
  }

  TempTree tree_;
  std::vector<std::string> warnings_;
};

TEST_F(StateFileTest, SavesAndLoads) {
  EXPECT_EQ(Load(), SavedState{});
  ASSERT_TRUE(Open()->Save(Everything()).has_value());
  EXPECT_EQ(Load(), Everything());
  EXPECT_TRUE(warnings_.empty());
  EXPECT_FALSE(std::filesystem::exists(tree_.Path("state.json.new")));
}

TEST_F(StateFileTest, ADamagedFileIsSetAside) {
  for (int i = 1; i <= 12; ++i) {
    tree_.Write("state.json", "{" + std::to_string(i));
    EXPECT_EQ(Load(), SavedState{});
  }
  EXPECT_EQ(tree_.Text("state.json.damaged-1"), "{1");
  EXPECT_EQ(tree_.Text("state.json.damaged-9"), "{12");
  EXPECT_FALSE(std::filesystem::exists(tree_.Path("state.json.damaged-10")));
  EXPECT_FALSE(std::filesystem::exists(tree_.Path("state.json")));
  ASSERT_EQ(warnings_.size(), 12U);
  EXPECT_NE(warnings_[0].find("damaged-1"), std::string::npos) << warnings_[0];
}

TEST_F(StateFileTest, ADraftOfACrashIsNoState) {
  tree_.Write("state.json.new", "{");
  ASSERT_TRUE(Open()->Save(Everything()).has_value());
  EXPECT_EQ(Load(), Everything());
}

TEST_F(StateFileTest, TwoAgentsDoNotShareADirectory) {
  const auto first = Open();
  const auto second = Open();
  ASSERT_FALSE(second.has_value());
  EXPECT_NE(second.error().message.find("another hullmark"), std::string::npos);
}

TEST_F(StateFileTest, FollowsNoLink) {
  tree_.Write("elsewhere", Written(Everything()));
  tree_.Link("state.json", "elsewhere");
  EXPECT_FALSE(Load().has_value());
  tree_.Link("state.json.new", "elsewhere");
  tree_.Remove("state.json");
  ASSERT_TRUE(Open()->Save({}).has_value());
  EXPECT_EQ(tree_.Text("elsewhere"), Written(Everything()));
}

}  // namespace
}  // namespace hullmark
