// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon/event_log.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "agent/sinks/event_json.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "tests/unit/temp_tree.h"

namespace hullmark {
namespace {

std::string Line(std::uint64_t id) { return EventLine({.id = id, .container_id = "c"}); }

std::vector<std::string> LinesFrom(std::uint64_t first, std::uint64_t last) {
  std::vector<std::string> lines;
  for (auto id = first; id <= last; ++id) lines.push_back(Line(id));
  return lines;
}

std::string Text(std::uint64_t first, std::uint64_t last) {
  std::string text;
  for (const auto& line : LinesFrom(first, last)) text += line;
  return text;
}

class EventLogTest : public ::testing::Test {
 protected:
  Result<EventLog> Open(EventLog::Limits limits = {}) const {
    return EventLog::Open(tree_.Path("events.jsonl"), limits, Uid{geteuid()});
  }
  void ExpectRefused(std::string_view why) const {
    const auto log = Open();
    ASSERT_FALSE(log.has_value());
    EXPECT_NE(log.error().message.find(why), std::string::npos) << log.error().message;
  }

  TempTree tree_;
};

TEST_F(EventLogTest, AppendsAndKnowsTheLastId) {
  auto log = Open();
  ASSERT_TRUE(log.has_value()) << log.error().message;
  EXPECT_EQ(log->last_id(), 0U);
  EXPECT_EQ(log->Append(LinesFrom(1, 3)).lines, 3U);
  EXPECT_EQ(log->Append(LinesFrom(4, 4)).lines, 1U);
  EXPECT_EQ(log->last_id(), 4U);
  EXPECT_EQ(tree_.Text("events.jsonl"), Text(1, 4));
  EXPECT_EQ(Open()->last_id(), 4U);
}

TEST_F(EventLogTest, CutsWhateverACrashLeftOfALine) {
  const std::string whole = Text(1, 2);
  const std::string next = Line(3);
  for (std::size_t length = 1; length < next.size(); length += 7) {
    tree_.Write("events.jsonl", whole + next.substr(0, length));
    EXPECT_EQ(Open()->last_id(), 2U);
    EXPECT_EQ(tree_.Text("events.jsonl"), whole);
  }
  tree_.Write("events.jsonl", whole + std::string(4096, '\0'));
  EXPECT_EQ(Open()->last_id(), 2U);
  EXPECT_EQ(tree_.Text("events.jsonl"), whole);
  tree_.Write("events.jsonl", next.substr(0, 9));
  EXPECT_EQ(Open()->last_id(), 0U);
  EXPECT_EQ(tree_.Text("events.jsonl"), "");
}

TEST_F(EventLogTest, LeavesLinesAloneThatItDoesNotKnow) {
  tree_.Write("events.jsonl", Text(1, 2) + "a note\n");
  EXPECT_EQ(Open()->last_id(), 2U);
  EXPECT_EQ(tree_.Text("events.jsonl"), Text(1, 2) + "a note\n");
}

TEST_F(EventLogTest, RefusesALargeFileWithoutLines) {
  tree_.Write("events.jsonl", std::string(3U << 20, 'x'));
  ExpectRefused("no events file");
  EXPECT_EQ(tree_.Text("events.jsonl").size(), 3U << 20);
}

TEST_F(EventLogTest, RotatesWhatIsFull) {
  auto log = Open({.max_size = 2 * Line(1).size(), .keep = 2});
  EXPECT_EQ(log->Append(LinesFrom(1, 7)).lines, 7U);
  EXPECT_EQ(tree_.Text("events.jsonl"), Text(7, 7));
  EXPECT_EQ(tree_.Text("events.jsonl.1"), Text(5, 6));
  EXPECT_EQ(tree_.Text("events.jsonl.2"), Text(3, 4));
  EXPECT_FALSE(std::filesystem::exists(tree_.Path("events.jsonl.3")));
}

TEST_F(EventLogTest, KeepsNoneWhenToldSo) {
  auto log = Open({.max_size = 1, .keep = 0});
  EXPECT_EQ(log->Append(LinesFrom(1, 3)).lines, 3U);
  EXPECT_EQ(tree_.Text("events.jsonl"), Text(3, 3));
  EXPECT_FALSE(std::filesystem::exists(tree_.Path("events.jsonl.1")));
}

TEST_F(EventLogTest, TheLastIdIsFoundInTheRotatedFile) {
  tree_.Write("events.jsonl.1", Text(1, 5));
  EXPECT_EQ(Open()->last_id(), 5U);
}

TEST_F(EventLogTest, AFileThatWasMovedAwayIsBegunAnew) {
  auto log = Open();
  log->Append(LinesFrom(1, 1));
  std::filesystem::rename(tree_.Path("events.jsonl"), tree_.Path("elsewhere"));
  EXPECT_EQ(log->Append(LinesFrom(2, 2)).lines, 1U);
  EXPECT_EQ(tree_.Text("events.jsonl"), Text(2, 2));
  EXPECT_EQ(tree_.Text("elsewhere"), Text(1, 1));
}

TEST_F(EventLogTest, FollowsNoLinkAndSharesNoFile) {
  tree_.Write("secret", "x");
  tree_.Link("events.jsonl", "secret");
  ExpectRefused("symbolic link");
  tree_.Remove("events.jsonl");
  std::filesystem::create_hard_link(tree_.Path("secret"), tree_.Path("events.jsonl"));
  ExpectRefused("hard links");
  tree_.Remove("events.jsonl");
  tree_.MakeFifo("events.jsonl");
  ExpectRefused("events.jsonl");
  tree_.Remove("events.jsonl");
  tree_.Write("events.jsonl", "");
  chmod(tree_.Path("events.jsonl").c_str(), 0666);
  ExpectRefused("others may write");
  EXPECT_EQ(tree_.Text("secret"), "x");
}

TEST_F(EventLogTest, ALinkPutInItsPlaceIsNotFollowed) {
  auto log = Open();
  tree_.Write("secret", "x");
  tree_.Link("events.jsonl", "secret");
  const auto appended = log->Append(LinesFrom(1, 1));
  EXPECT_EQ(appended.lines, 0U);
  ASSERT_TRUE(appended.error.has_value());
  EXPECT_EQ(tree_.Text("secret"), "x");
  tree_.Remove("events.jsonl");
  EXPECT_EQ(log->Append(LinesFrom(1, 1)).lines, 1U);
}

TEST_F(EventLogTest, RefusesADirectoryThatOthersMayWriteTo) {
  tree_.MakeDirectory("logs");
  chmod(tree_.Path("logs").c_str(), 0777);
  const auto log = EventLog::Open(tree_.Path("logs/events.jsonl"), {}, Uid{geteuid()});
  ASSERT_FALSE(log.has_value());
  EXPECT_EQ(log.error().code, ErrorCode::kDenied);
}

// A limit of size stands for the full disk: part of a line fits.
TEST_F(EventLogTest, WhatDoesNotFitLeavesNoTraceAndIsTriedAgain) {
  auto log = Open();
  log->Append(LinesFrom(1, 1));
  std::signal(SIGXFSZ, SIG_IGN);
  struct rlimit before = {};
  getrlimit(RLIMIT_FSIZE, &before);
  const struct rlimit little = {.rlim_cur = Text(1, 2).size() + 20, .rlim_max = before.rlim_max};
  setrlimit(RLIMIT_FSIZE, &little);
  const auto failed = log->Append(LinesFrom(2, 4));
  setrlimit(RLIMIT_FSIZE, &before);
  EXPECT_EQ(failed.lines, 1U);
  EXPECT_TRUE(failed.error.has_value());
  EXPECT_EQ(tree_.Text("events.jsonl"), Text(1, 2));
  EXPECT_EQ(log->last_id(), 2U);
  EXPECT_EQ(log->Append(LinesFrom(3, 4)).lines, 2U);
  EXPECT_EQ(tree_.Text("events.jsonl"), Text(1, 4));
}

}  // namespace
}  // namespace hullmark
