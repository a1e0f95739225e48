// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon/recent_events.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "agent/daemon/publish.h"
#include "agent/gateway/documents.h"
#include "hullmark/event.h"
#include "tests/unit/sinks/world.h"

namespace hullmark {
namespace {

std::vector<Event> Events(std::uint64_t first, std::uint64_t last, const std::string& name) {
  std::vector<Event> events;
  for (std::uint64_t id = first; id <= last; ++id) events.push_back({.id = id, .name = name});
  return events;
}

TEST(RecentEvents, AnEventIsOneField) {
  RecentEvents recent(0xc0ffee);
  recent.Add(Events(7, 7, "a\n\nid: 9\ndata: forged"));
  const std::string& text = recent.entries().front().text;
  EXPECT_TRUE(text.starts_with("id: 0000000000c0ffee-7\ndata: {\"id\":7,"));
  EXPECT_TRUE(text.ends_with("}\n\n"));
  EXPECT_EQ(text.find("\n\n"), text.size() - 2);
  EXPECT_EQ(text.find("\nid:"), std::string::npos);
}

TEST(RecentEvents, TheOldestAreForgotten) {
  RecentEvents recent;
  recent.Add(Events(1, 1'200, "a"));
  EXPECT_EQ(recent.entries().size(), RecentEvents::kMost);
  EXPECT_EQ(recent.entries().front().id, 201);
  recent.Add(Events(1'201, 1'300, std::string(20'000, 'x')));
  std::size_t bytes = 0;
  for (const auto& entry : recent.entries()) bytes += entry.text.size();
  EXPECT_LE(bytes, RecentEvents::kMostBytes);
  EXPECT_EQ(recent.entries().back().id, 1'300);
}

TEST(RecentEvents, TheyArePublished) {
  RecentEvents recent;
  recent.Add(Events(3, 5, "a"));
  const testing::World world = testing::MakeWorld();
  const auto documents =
      Documents::Open(MakeDocuments(world.Input(), "m 1\n", "", recent, {.last_event = 5}).value())
          .value();
  EXPECT_EQ(documents->FirstEventAfter(0), 3);
  EXPECT_EQ(documents->EventsAfter(4), recent.entries().back().text);
}

}  // namespace
}  // namespace hullmark
