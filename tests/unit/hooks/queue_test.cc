// SPDX-License-Identifier: Apache-2.0
#include "agent/hooks/queue.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "agent/hooks/queue_lines.h"
#include "hullmark/ids.h"
#include "tests/unit/temp_tree.h"

namespace hullmark {
namespace {

using Bodies = std::vector<std::string>;

class QueueTest : public testing::Test {
 protected:
  HookQueue Make(std::uint64_t decided = 100, std::uint64_t most = 1U << 20) const {
    return HookQueue({.directory = tree_.Path("."),
                      .name = "h",
                      .user = Uid{geteuid()},
                      .decided = decided,
                      .most_bytes = most});
  }

  HookQueue Opened(std::uint64_t decided = 100, std::uint64_t most = 1U << 20) const {
    HookQueue queue = Make(decided, most);
    const auto opened = queue.Open();
    EXPECT_TRUE(opened) << opened.error().message;
    return queue;
  }

  static Bodies BodiesOf(const HookQueue& queue) {
    Bodies bodies;
    for (const auto& [number, letter] : queue.letters()) bodies.push_back(letter.body);
    return bodies;
  }

  TempTree tree_;
};

TEST_F(QueueTest, WhatWasWrittenIsThereAgainUnderTheSameKey) {
  std::string key;
  {
    HookQueue queue = Opened();
    queue.Add(1, "a", "one");
    queue.Add(2, "b", "two");
    queue.Add(3, "a", "three");
    queue.Remove(1);
    key = queue.KeyOf(2);
    ASSERT_TRUE(queue.Write(true));
  }
  HookQueue again = Opened();
  EXPECT_EQ(BodiesOf(again), (Bodies{"two", "three"}));
  EXPECT_EQ(again.KeyOf(2), key);
  EXPECT_NE(again.letters().at(2).lane, again.letters().at(3).lane);
  again.Add(4, "b", "four");
  EXPECT_EQ(again.letters().at(4).lane, again.letters().at(2).lane);
}

TEST_F(QueueTest, NoNumberIsGivenTwice) {
  {
    HookQueue queue = Opened();
    for (const char* const body : {"one", "two"}) queue.Add(1, "", body);
    queue.Remove(1);
    queue.Remove(2);
    ASSERT_TRUE(queue.Write(true));
  }
  for (int times = 0; times < 2; ++times) EXPECT_EQ(Opened().next(), 3);
}

// A kill leaves a prefix of the file, whatever its length.
TEST_F(QueueTest, AKillAtAnyByteLeavesAPrefixOfWhatHappened) {
  std::vector<Bodies> states = {{}};
  {
    HookQueue queue = Opened();
    const auto happened = [&] {
      ASSERT_TRUE(queue.Write(false));
      states.push_back(BodiesOf(queue));
    };
    queue.Add(1, "a", "one");
    happened();
    queue.Add(2, "b", "two");
    happened();
    queue.Remove(1);
    happened();
    queue.Add(3, "a", "three");
    happened();
    queue.Decide(3);
    happened();
    queue.Remove(2);
    happened();
  }
  const std::string whole = tree_.Text("h.queue");
  const std::size_t head = whole.find('\n', whole.find('\n') + 1) + 1;
  std::size_t reached = 0;
  for (std::size_t length = head; length <= whole.size(); ++length) {
    tree_.Write("h.queue", whole.substr(0, length));
    const Bodies found = BodiesOf(Opened());
    while (reached + 1 < states.size() && found != states[reached]) ++reached;
    EXPECT_EQ(found, states[reached]) << length;
  }
  EXPECT_EQ(BodiesOf(Opened()), states.back());
}

TEST_F(QueueTest, AKillWhileItIsWrittenAnewLeavesTheOldOne) {
  {
    HookQueue queue = Opened();
    queue.Add(1, "a", "one");
    ASSERT_TRUE(queue.Write(true));
  }
  tree_.Write("h.queue.new", "hullmark.queue/1 1");
  EXPECT_EQ(BodiesOf(Opened()), Bodies{"one"});
}

TEST_F(QueueTest, WhatWasAddedBeforeItHappenedIsForgotten) {
  {
    HookQueue queue = Opened(7);
    queue.Add(7, "a", "happened");
    queue.Add(8, "a", "perhaps");
    queue.Add(0, "a", "a call");
    ASSERT_TRUE(queue.Write(true));
  }
  EXPECT_EQ(BodiesOf(Opened(7)), (Bodies{"happened", "a call"}));
}

TEST_F(QueueTest, WhatWasDecidedStaysWhereTheStateWasLost) {
  {
    HookQueue queue = Opened(0);
    queue.Add(8, "a", "happened");
    queue.Decide(8);
    queue.Add(9, "a", "perhaps");
    ASSERT_TRUE(queue.Write(true));
  }
  EXPECT_EQ(BodiesOf(Opened(0)), Bodies{"happened"});
  EXPECT_EQ(BodiesOf(Opened(0)), Bodies{"happened"});
}

TEST_F(QueueTest, TheOldestMakeRoomAndAreKeptWithTheReason) {
  HookQueue queue = Opened(100, 10);
  EXPECT_TRUE(queue.Add(1, "a", "aaaaa").empty());
  EXPECT_TRUE(queue.Add(2, "a", "bbbbb").empty());
  EXPECT_EQ(queue.Add(3, "a", "cccccc"), (std::vector<std::uint64_t>{1, 2}));
  ASSERT_TRUE(queue.Write(true));
  EXPECT_EQ(BodiesOf(queue), Bodies{"cccccc"});
  queue.Bury(3, DeadReason::kRejected);
  ASSERT_TRUE(queue.Write(true));
  // What does not fit beside it any more has become the old file.
  EXPECT_EQ(tree_.Text("h.dead"), R"({"key":")" + queue.KeyOf(3) +
                                      R"(","reason":"rejected","event":3,"body":"cccccc"})"
                                      "\n");
  EXPECT_TRUE(
      tree_.Text("h.dead.1")
          .starts_with(R"({"key":")" + queue.KeyOf(1) + R"(","reason":"dropped","event":1,)"));
  EXPECT_EQ(BodiesOf(Opened()), Bodies{});
}

TEST_F(QueueTest, ItDoesNotGrowByWhatIsPast) {
  HookQueue queue = Opened();
  const std::string body(64U << 10, 'x');
  for (std::uint64_t number = 1; number <= 100; ++number) {
    queue.Add(number, "a", body);
    queue.Remove(number);
    ASSERT_TRUE(queue.Write(false));
  }
  EXPECT_LT(tree_.Text("h.queue").size(), 2U << 20);
  EXPECT_EQ(Opened().next(), 101);
}

TEST_F(QueueTest, WithoutADiskAllGoesOnInMemory) {
  HookQueue none({.directory = "", .name = "h"});
  EXPECT_TRUE(none.Open());
  none.Add(1, "a", "one");
  EXPECT_TRUE(none.Write(true));
  EXPECT_EQ(BodiesOf(none), Bodies{"one"});

  tree_.Link("h.queue", "/etc/passwd");
  HookQueue queue = Make();
  EXPECT_FALSE(queue.Open());
  queue.Add(1, "a", "one");
  EXPECT_FALSE(queue.Write(true));
  EXPECT_EQ(BodiesOf(queue), Bodies{"one"});
  tree_.Remove("h.queue");
  tree_.Write("h.queue", "hullmark.queue/1 1f 5\n+4 1 0 four\n");
  chmod(tree_.Path("h.queue").c_str(), 0600);
  ASSERT_TRUE(queue.Write(true));
  EXPECT_EQ(BodiesOf(queue), (Bodies{"four", "one"}));
  EXPECT_EQ(BodiesOf(Opened()), (Bodies{"four", "one"}));
}

TEST(QueueLines, OnlyWhatWasWrittenIsRead) {
  for (const std::string_view line :
       {"hullmark.queue/1 1f 5", "+1 0 ff {}", "-3", "=18446744073709551615"}) {
    const auto read = ParseQueueLine(line);
    ASSERT_TRUE(read) << line;
    EXPECT_EQ(ToLine(*read), std::string(line) + "\n");
  }
  for (const std::string_view line :
       {"", "+", "-", "=", "x1", "+1 0 ff ", "+1 0 ff", "+0 0 ff {}", "+01 0 ff {}", "+1 0 FF {}",
        "+1 0 ff a\tb", "-1 ", "- 1", "-1x", "=18446744073709551616", "hullmark.queue/1 1f 0",
        "hullmark.queue/1 1f 5 ", "hullmark.queue/2 1f 5", "hullmark.queue/1 5"}) {
    EXPECT_FALSE(ParseQueueLine(line)) << line;
  }
}

}  // namespace
}  // namespace hullmark
