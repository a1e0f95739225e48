// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "agent/replay/snapshot_json.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"
#include "tests/unit/replay/random_snapshot.h"

namespace hullmark {
namespace {

std::string Written(const Snapshot& snapshot) {
  std::string out;
  WriteSnapshot(snapshot, [&](std::string_view piece) { out += piece; });
  return out;
}

// One of most things, all of them in order.
Snapshot SmallSnapshot() {
  Snapshot s;
  s.tool_version = "0.1.0";
  s.hierarchies.emplace_back();
  s.cgroups.emplace_back();
  s.cgroups.emplace_back().parent = CgroupIndex{0};
  s.memberships.emplace_back().cgroups = {CgroupIndex{1}};
  s.processes.emplace_back().pid = Pid{10};
  s.processes.emplace_back().pid = Pid{20};
  s.processes[0].leader.cgroup = MembershipIndex{0};
  s.processes[0].oom_score_adj = std::int16_t{-1000};
  s.threads.push_back({.process = ProcessIndex{0}, .tid = Pid{11}, .task = {}});
  s.containers.emplace_back().members = {{.process = ProcessIndex{0}},
                                         {.process = ProcessIndex{1}}};
  s.containers.emplace_back().parent = 0;
  s.labels.emplace_back();
  return s;
}

// The message for the document of SmallSnapshot with the first `from` after `after` made `to`.
std::string Refusal(std::string_view after, std::string_view from, std::string_view to) {
  std::string document = Written(SmallSnapshot());
  const auto begin = document.find(after);
  EXPECT_NE(begin, std::string::npos) << after;
  const auto place = document.find(from, begin);
  EXPECT_NE(place, std::string::npos) << from;
  document.replace(place, from.size(), to);
  const auto snapshot = ReadSnapshot(document);
  return snapshot ? "accepted" : snapshot.error().message;
}

TEST(ReadSnapshot, TakesWhatWasWritten) {
  EXPECT_EQ(Refusal("\"taken_at\"", "0", "7"), "accepted");
}

TEST(ReadSnapshot, NamesTheVersionThatCanReadAnother) {
  std::string document = Written(SmallSnapshot());
  document.replace(document.find("snapshot/1"), 10, "snapshot/2");
  const auto snapshot = ReadSnapshot(document);
  ASSERT_FALSE(snapshot);
  EXPECT_EQ(snapshot.error().code, ErrorCode::kUnsupported);
  EXPECT_EQ(snapshot.error().message,
            "/schema: is \"hullmark.snapshot/2\", and this program reads \"hullmark.snapshot/1\"; "
            "use hullmark 0.1.0, which wrote it, or take a new snapshot");
}

TEST(ReadSnapshot, RefusesOtherDocuments) {
  constexpr std::string_view kOther = "/schema: this is no snapshot of hullmark";
  for (const std::string_view text :
       {"{}", "[]", "null", R"({"schema": 1})", R"({"schema": "hullmark.report/1"})"}) {
    const auto snapshot = ReadSnapshot(text);
    ASSERT_FALSE(snapshot) << text;
    EXPECT_EQ(snapshot.error().message, kOther);
    EXPECT_EQ(snapshot.error().code, ErrorCode::kMalformed);
  }
}

TEST(ReadSnapshot, RefusesMissingUnknownAndRepeatedMembers) {
  EXPECT_EQ(Refusal("", "\"taken_at\"", "\"taken\""),
            "the document: member \"taken_at\" is missing");
  EXPECT_EQ(Refusal("\"processes\"", "\"threads_unread\": 0,", ""),
            "/processes/0: member \"threads_unread\" is missing");
  EXPECT_EQ(Refusal("", "\"taken_at\"", "\"x/y\": 1, \"taken_at\""), "/x~1y: unknown member");
  EXPECT_EQ(Refusal("\"containers\"", "\"zombies\": 0", "\"zombies\": 0, \"mood\": 1"),
            "/containers/0/mood: unknown member");
  EXPECT_EQ(Refusal("\"containers\"", "\"zombies\": 0", "\"zombies\": 0, \"zombies\": 0"),
            "/containers/0/zombies: stands here twice");
  EXPECT_EQ(
      Refusal("\"boot_id\"", "\"error\": \"not_read\"", "\"error\": \"not_read\", \"why\": 1"),
      "/host/booted_at/why: unknown member");
}

TEST(ReadSnapshot, RefusesWrongTypes) {
  EXPECT_EQ(Refusal("", "\"taken_at\": 0", "\"taken_at\": \"0\""), "/taken_at: is not a number");
  EXPECT_EQ(Refusal("\"vantage\"", "\"hidepid\": false", "\"hidepid\": 0"),
            "/vantage/hidepid: is not true or false");
  EXPECT_EQ(Refusal("", "\"tool_version\": \"0.1.0\"", "\"tool_version\": 1"),
            "/tool_version: is not a text");
  EXPECT_EQ(Refusal("", "\"problems\": []", "\"problems\": {}"),
            "/vantage/problems: is not an array");
  EXPECT_EQ(Refusal("", "\"problems\": []", "\"problems\": [1]"),
            "/vantage/problems/0: is not an object");
  EXPECT_EQ(Refusal("\"processes\"", "\"state\": \"?\"", "\"state\": \"RS\""),
            "/processes/0/stat/state: is not one character");
}

TEST(ReadSnapshot, RefusesNumbersOutOfRange) {
  EXPECT_EQ(Refusal("\"processes\"", "\"pid\": 10", "\"pid\": 2147483648"),
            "/processes/0/pid: is out of range");
  EXPECT_EQ(Refusal("\"processes\"", "\"oom_score_adj\": -1000", "\"oom_score_adj\": -32769"),
            "/processes/0/oom_score_adj: is out of range");
  EXPECT_EQ(Refusal("\"vantage\"", "\"uid\": 0", "\"uid\": -1"), "/vantage/uid: is out of range");
  EXPECT_EQ(Refusal("\"boot_id\"", "\"not_read\"", "\"denied\", \"errno\": 65536"),
            "/host/booted_at/errno: is out of range");
}

TEST(ReadSnapshot, RefusesNamesAndSetsThatAreNone) {
  EXPECT_EQ(Refusal("\"containers\"", "\"runtime\": \"unknown\"", "\"runtime\": \"\\u001b[31m\""),
            "/containers/0/runtime: \"\\x1b[31m\" is not a name known here");
  EXPECT_EQ(Refusal("\"boot_id\"", "\"not_read\"", "\"rusty\""),
            "/host/booted_at/error: \"rusty\" is not a name known here");
  EXPECT_EQ(
      Refusal("\"hierarchies\"", "\"controllers\": []", "\"controllers\": [\"cpu\", \"cpu\"]"),
      "/hierarchies/0/controllers/1: stands here twice");
  for (const std::string_view set : {"000000000000000", "000000000000000G", "0000000000000000 "}) {
    EXPECT_EQ(Refusal("\"vantage\"", "0000000000000000", set),
              "/vantage/capabilities: is not a set of 16 hexadecimal digits");
  }
}

TEST(ReadSnapshot, RefusesBytesThatAreNotHexadecimal) {
  constexpr std::string_view kRefused =
      "/tool_version: is neither a text nor {\"bytes\": hexadecimal digits}";
  for (const std::string_view text : {R"({"bytes": "6"})", R"({"bytes": "6G"})", R"({"bytes": 6})",
                                      R"({"byte": "66"})", R"({"bytes": "66", "x": 1})", "{}"}) {
    EXPECT_EQ(Refusal("", "\"0.1.0\"", text), kRefused) << text;
  }
  EXPECT_EQ(Refusal("", "\"0.1.0\"", R"({"bytes": "ff"})"), "accepted");
}

TEST(ReadSnapshot, RefusesIndicesBeyondTheirTable) {
  EXPECT_EQ(Refusal("\"processes\"", "\"cgroup\": 0", "\"cgroup\": 1"),
            "/processes/0/leader/cgroup: 1 is not a row of /memberships, which has 1");
  EXPECT_EQ(Refusal("\"threads\": [", "\"process\": 0", "\"process\": 2"),
            "/threads/0/process: 2 is not a row of /processes, which has 2");
  EXPECT_EQ(Refusal("\"cgroups\": [\n  {", "\"memory\": null", "\"memory\": 0"),
            "/cgroups/0/memory: 0 is not a row of /memory_files, which has 0");
  EXPECT_EQ(Refusal("\"containers\"", "\"parent\": null", "\"parent\": 2"),
            "/containers/0/parent: 2 is not a row of /containers, which has 2");
}

TEST(ReadSnapshot, RefusesContradictions) {
  EXPECT_EQ(Refusal("\"processes\"", "\"pid\": 10", "\"pid\": 20"),
            "/processes/1: is out of order");
  EXPECT_EQ(Refusal("\"members\"", "\"process\": 0", "\"process\": 1"),
            "/containers/0/members/1: is out of order");
  EXPECT_EQ(Refusal("\"cgroups\": [\n  {", "\"parent\": null", "\"parent\": 1"),
            "/cgroups/0/parent: is inside itself");
  EXPECT_EQ(Refusal("\"cgroups\": [\n  {", "\"parent\": null", "\"parent\": 0"),
            "/cgroups/0/parent: is inside itself");
  EXPECT_EQ(Refusal("\"containers\"", "\"parent\": null", "\"parent\": 1"),
            "/containers/0/parent: is inside itself");
  EXPECT_EQ(Refusal("\"memberships\"", "1\n   ]", "1,\n    1\n   ]"),
            "/memberships/0/cgroups/1: is out of order");
}

TEST(ReadSnapshot, LabelsStandOnceAndInOrder) {
  Snapshot snapshot = SmallSnapshot();
  const auto text = [&](std::string_view value) { return snapshot.strings.Intern(value); };
  auto& labels = snapshot.containers[1].claims.emplace().labels;
  labels = {{.key = text("app"), .value = text("web")}, {.key = text("tier"), .value = text("")}};
  snapshot.label_keys = {"app", "tier"};
  ASSERT_TRUE(ReadSnapshot(Written(snapshot)));
  labels[1].key = text("app");
  const auto twice = ReadSnapshot(Written(snapshot));
  ASSERT_FALSE(twice);
  EXPECT_EQ(twice.error().message, "/containers/1/claims/labels/1: is out of order");
  labels.clear();
  snapshot.label_keys = {"tier", "app"};
  EXPECT_EQ(ReadSnapshot(Written(snapshot)).error().message, "/label_keys/1: is out of order");
}

TEST(ReadSnapshot, LearnedProgramsStandOnceAndInOrder) {
  Snapshot snapshot;
  snapshot.containers.emplace_back();
  auto& programs = snapshot.containers[0].learned.emplace().programs;
  const auto b = snapshot.strings.Intern("/bin/b");
  programs = {snapshot.strings.Intern("/bin/a"), b};
  const auto read = ReadSnapshot(Written(snapshot));
  ASSERT_TRUE(read.has_value()) << read.error().message;
  ASSERT_TRUE(read->containers[0].learned.has_value());
  EXPECT_EQ(read->containers[0].learned->programs.size(), 2U);
  programs[0] = b;
  EXPECT_EQ(ReadSnapshot(Written(snapshot)).error().message,
            "/containers/0/learned/programs/1: is out of order");
}

TEST(ReadSnapshot, RefusesAParentInAnotherHierarchy) {
  Snapshot snapshot = SmallSnapshot();
  snapshot.hierarchies.emplace_back();
  snapshot.cgroups[1].hierarchy = HierarchyIndex{1};
  const auto read = ReadSnapshot(Written(snapshot));
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().message, "/cgroups/1/parent: is in another hierarchy");
}

TEST(ReadSnapshot, RefusesEveryTruncation) {
  const std::string document = Written(RandomSnapshot(1, 3));
  ASSERT_TRUE(ReadSnapshot(document));
  for (std::size_t size = 0; size + 2 < document.size(); size += 1 + document.size() / 100) {
    EXPECT_FALSE(ReadSnapshot(std::string_view(document).substr(0, size))) << size;
  }
}

}  // namespace
}  // namespace hullmark
