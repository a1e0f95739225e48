// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon/kept_programs.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/collect/learned_programs.h"
#include "agent/daemon/program_memory.h"
#include "agent/daemon/state_file.h"
#include "hullmark/facts.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"
#include "tests/unit/temp_tree.h"

namespace hullmark {
namespace {

KeptPrograms Everything() {
  LearnedContainer web{.container = {.id = std::string("\0\xC3(", 3),  // No UTF-8.
                                     .init = Pid{100},
                                     .init_start = BootTicks{1ULL << 63}},
                       .began = 7,
                       .age = 3,
                       .seconds = 600,
                       .complete = true,
                       .programs = {"/bin/\"a\n", "b", "\xFF"}};
  LearnedContainer other{.container = {.id = "other"}, .partial = true};
  return {.boot_id = "b007", .containers = {web, other}};
}

std::string Written(const KeptPrograms& kept) {
  std::string text;
  WritePrograms(kept, [&](std::string_view piece) { text += piece; });
  return text;
}

TEST(KeptProgramsTest, ComeBackAsTheyWere) {
  const auto again = ReadPrograms(Written(Everything()));
  ASSERT_TRUE(again.has_value()) << again.error().message;
  EXPECT_EQ(*again, Everything());
  EXPECT_EQ(ReadPrograms(Written({})), KeptPrograms{});
}

TEST(KeptProgramsTest, NoPartOfThemIsWhole) {
  const std::string whole = Written(Everything());
  for (std::size_t length = 0; length + 2 < whole.size(); ++length) {
    ASSERT_FALSE(ReadPrograms(whole.substr(0, length)).has_value()) << length;
  }
}

TEST(KeptProgramsTest, WhatWasNotWrittenIsRefused) {
  const std::string whole = Written(Everything());
  const std::vector<std::pair<std::string_view, std::string_view>> changes = {
      {R"("boot_id")", R"("another")"},
      {R"("init":100)", R"("init":-1)"},
      {R"("init":100)", R"("init":2147483648)"},
      {R"("began":7)", R"("began":"7")"},
      {R"("age":3)", R"("age":4294967296)"},
      {R"("seconds":600)", R"("seconds":4294967296)"},
      {R"("complete":true)", R"("complete":1)"},
      {R"("b",)", R"("",)"},       // Empty.
      {R"("b",)", R"("/a",)"},     // Out of order.
      {R"("b",)", R"("b","b",)"},  // Twice.
      {R"({"hex":"ff"})", R"({"hex":"f"})"},
      {"hullmark.programs/1", "hullmark.state/2"},
  };
  for (const auto& [what, by] : changes) {
    std::string text = whole;
    const auto at = text.find(what);
    ASSERT_NE(at, std::string::npos) << what;
    const auto read = ReadPrograms(text.replace(at, what.size(), by));
    ASSERT_FALSE(read.has_value()) << what << " -> " << by;
    EXPECT_EQ(read.error().code, ErrorCode::kMalformed) << by;
  }
}

TEST(KeptProgramsTest, AnotherVersionIsNoDamage) {
  std::string text = Written(Everything());
  const auto read = ReadPrograms(text.replace(text.find("programs/1"), 10, "programs/9"));
  ASSERT_FALSE(read.has_value());
  EXPECT_EQ(read.error().code, ErrorCode::kUnsupported);
}

TEST(KeptProgramsTest, MoreThanAreLearnedAreRefused) {
  KeptPrograms kept{.containers = {{}}};
  for (std::size_t at = 0; at < LearnedContainer::kMostPrograms; ++at) {
    kept.containers[0].programs.insert(std::to_string(at));
  }
  EXPECT_TRUE(ReadPrograms(Written(kept)).has_value());
  kept.containers[0].programs.emplace("more");
  EXPECT_FALSE(ReadPrograms(Written(kept)).has_value());
  kept.containers[0].programs = {std::string(LearnedContainer::kMostBytes + 1, 'x')};
  EXPECT_FALSE(ReadPrograms(Written(kept)).has_value());
}

class ProgramMemoryTest : public testing::Test {
 protected:
  ProgramMemoryTest() { tree_.MakeDirectory("state"); }

  // A life of the agent: one look at a container that runs `path`, at that second; what it told.
  std::optional<LearnedPrograms> Live(std::uint64_t at, std::string_view path) {
    constexpr std::uint64_t kSecond = 1'000'000'000;
    const auto place = StateFile::Open(tree_.Path("state"), Uid{geteuid()});
    EXPECT_TRUE(place.has_value());
    ProgramMemory memory([&](const std::string& text) { warnings_.push_back(text); });
    Snapshot snapshot;
    snapshot.host.boot_id = boot_id_;
    snapshot.executables.push_back({.path = snapshot.strings.Intern(path), .links = 1});
    Process process;
    process.pid = Pid{100};
    process.stat.start = BootTicks{100'000};
    process.executable = ExecutableIndex{0};
    snapshot.processes.push_back(process);
    Container container;
    container.init = ProcessIndex{0};
    container.members = {{.process = ProcessIndex{0}}};
    snapshot.containers.push_back(std::move(container));
    memory.Learn(snapshot, {}, {.looked_at = at * kSecond, .seconds = 600}, &*place);
    memory.Save(&*place);
    programs_.clear();
    const auto& learned = snapshot.containers.front().learned;
    for (const StringId program : learned->programs) programs_ += snapshot.Text(program);
    return learned;
  }

  TempTree tree_;
  std::string boot_id_ = "b007";
  std::vector<std::string> warnings_;
  std::string programs_;
};

TEST_F(ProgramMemoryTest, ARestartTeachesNothing) {
  Live(1'000, "/bin/server");
  EXPECT_TRUE(Live(9'000, "/tmp/x")->complete);
  EXPECT_EQ(programs_, "/bin/server");
  EXPECT_TRUE(warnings_.empty());
}

TEST_F(ProgramMemoryTest, AnotherLifeOfTheHostIsAnother) {
  Live(1'000, "/bin/server");
  boot_id_ = "b008";
  EXPECT_FALSE(Live(1'001, "/bin/other")->complete);
  EXPECT_EQ(programs_, "/bin/other");
}

TEST_F(ProgramMemoryTest, WithoutABootIdNothingIsKept) {
  boot_id_.clear();
  Live(1'000, "/bin/server");
  EXPECT_EQ(tree_.Text("state/programs.json"), "");
}

TEST_F(ProgramMemoryTest, WhatCannotBeReadIsSaidAndLearnedAnew) {
  Live(1'000, "/bin/server");
  tree_.Write("state/programs.json", "{");
  const auto learned = Live(9'000, "/bin/other");
  EXPECT_FALSE(learned->complete);
  EXPECT_EQ(learned->age, 8'000U);
  ASSERT_EQ(warnings_.size(), 1U);
  EXPECT_TRUE(warnings_[0].starts_with(tree_.Path("state/programs.json") + ": ")) << warnings_[0];
  EXPECT_TRUE(warnings_[0].ends_with("; what containers run is learned anew from now on"));
  Live(9'001, "/bin/other");
  EXPECT_EQ(warnings_.size(), 1U);
}

TEST_F(ProgramMemoryTest, AFileOfOthersIsNotBelieved) {
  Live(1'000, "/bin/server");
  tree_.Link("state/programs.json", "elsewhere");
  EXPECT_EQ(Live(9'000, "/bin/other")->age, 8'000U);
  EXPECT_EQ(warnings_.size(), 1U);
}

}  // namespace
}  // namespace hullmark
