// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon/journal.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <random>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "agent/base/file.h"
#include "agent/evaluate/known_state.h"
#include "hullmark/event.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "tests/unit/evaluate/changes_world.h"
#include "tests/unit/evaluate/world.h"
#include "tests/unit/temp_tree.h"

namespace hullmark {
namespace {

using Json = nlohmann::json;
using Clock = std::chrono::steady_clock;

// Scan number `step` of a host where something changes nearly every time.
ActedScene SceneAt(std::uint64_t step) {
  std::minstd_rand random(static_cast<std::uint32_t>(step) * 7919 + 1);
  const auto verdict = [&] {
    const auto draw = random() % 4;
    return draw == 0 ? Unknowable() : draw == 1 ? Fails() : Passes();
  };
  ActedScene scene = {.host = verdict()};
  for (const char* const id : {"a", "b", "c", "d"}) {
    if (random() % 4 == 0) continue;
    scene.containers.push_back({.id = id,
                                .processes = {{.pid = id[0], .says = {{0, verdict()}}}},
                                .says = {{1, verdict()}}});
  }
  return scene;
}

class JournalTest : public ::testing::Test {
 protected:
  JournalTest() { std::signal(SIGXFSZ, SIG_IGN); }

  Result<Journal> Open(std::uint64_t max_size = 64U << 20) {
    return Journal::Open({.state_dir = tree_.Path("state"),
                          .events_file = tree_.Path("events.jsonl"),
                          .limits = {.max_size = max_size, .keep = 1'000},
                          .user = Uid{geteuid()}},
                         [&](const std::string& text) { warnings_.push_back(text); });
  }

  std::vector<Event> Record(Journal& journal, const ActedScene& scene, std::uint64_t step,
                            int debounce = 1) const {
    const ActedScan scan(scene, static_cast<std::int64_t>(step + 1) * kScanInterval);
    auto events = journal.Take(scan.judged(), {.debounce = debounce});
    journal.Flush();
    return events;
  }
  std::vector<Event> Record(Journal& journal, std::uint64_t step) const {
    return Record(journal, SceneAt(step), step);
  }

  std::vector<Json> EventsInFile(const std::string& name) const {
    std::istringstream text(tree_.Text(name));
    std::vector<Json> events;
    for (std::string line; std::getline(text, line);) events.push_back(Json::parse(line));
    return events;
  }
  // Of all files, oldest first.
  std::vector<Json> EventsInFiles() const {
    std::vector<Json> events;
    for (int number = 1'000; number >= 0; --number) {
      const auto some =
          EventsInFile(number == 0 ? "events.jsonl" : "events.jsonl." + std::to_string(number));
      events.insert(events.end(), some.begin(), some.end());
    }
    return events;
  }
  void ExpectFilesTell(const KnownState& state) const;

  TempTree tree_;
  std::vector<std::string> warnings_;
};

// Who reads the files, oldest line first, knows the state; no number is missing or there twice.
void JournalTest::ExpectFilesTell(const KnownState& state) const {
  std::set<std::pair<std::string, std::string>> told, true_now;
  std::uint64_t last = 0;
  for (const Json& event : EventsInFiles()) {
    ASSERT_EQ(event["id"], ++last);
    const std::string kind = event["kind"];
    if (!kind.starts_with("violation")) continue;
    const std::pair<std::string, std::string> place(
        event["container"].is_null() ? "" : event["container"]["id"], event["control"]["id"]);
    if (kind == "violation_changed") continue;
    const bool appeared = kind == "violation_appeared";
    ASSERT_TRUE(appeared ? told.insert(place).second : told.erase(place) == 1) << event;
  }
  EXPECT_EQ(last, state.last_id);
  const auto add = [&](const std::string& id, const KnownSubject& subject) {
    for (const KnownControl& known : subject.controls) {
      if (known.standing == Standing::kFailing) {
        true_now.emplace(id, state.controls.at(known.control));
      }
    }
  };
  add("", state.host);
  for (const auto& container : state.containers) add(container.id, container.subject);
  EXPECT_EQ(told, true_now);
}

TEST_F(JournalTest, ARestartForgetsNothingAndRepeatsNothing) {
  std::size_t events = 0;
  for (std::uint64_t step = 0; step < 50; ++step) {
    auto journal = Open();
    ASSERT_TRUE(journal.has_value()) << journal.error().message;
    events += Record(*journal, step).size();
    EXPECT_TRUE(Record(*journal, SceneAt(step), step).empty());
  }
  EXPECT_GT(events, 100U);
  EXPECT_EQ(EventsInFiles().size(), events);
  ExpectFilesTell(Open()->known());
  EXPECT_TRUE(warnings_.empty());
}

TEST_F(JournalTest, AContainerIsNamedAcrossARestart) {
  ActedScene scene = {.containers = {{.id = "web", .named = false, .processes = {{}}}}};
  {
    auto journal = Open();
    EXPECT_TRUE(Record(*journal, scene, 0, 2).empty());
  }
  scene.containers[0].named = true;
  {
    auto journal = Open();
    EXPECT_EQ(journal->known().containers.at(0).waited, 1);
    EXPECT_EQ(Record(*journal, scene, 1, 2).size(), 1U);
  }
  auto journal = Open();
  EXPECT_EQ(Record(*journal, {}, 2, 2).size(), 1U);
  const auto told = EventsInFiles();
  ASSERT_EQ(told.size(), 2U);
  EXPECT_EQ(told[0]["kind"], "container_appeared");
  EXPECT_EQ(told[0]["container"]["name"], "web");
  EXPECT_EQ(told[1]["kind"], "container_gone");
  EXPECT_EQ(told[1]["container"]["name"], "web");
}

TEST_F(JournalTest, WhatStaysAsItIsIsNotWritten) {
  auto journal = Open();
  Record(*journal, SceneAt(1), 0);
  Record(*journal, SceneAt(1), 1);
  const auto written = tree_.Text("state/state.json");
  for (std::uint64_t step = 2; step < 9; ++step) Record(*journal, SceneAt(1), step);
  EXPECT_EQ(tree_.Text("state/state.json"), written);
  journal->Close();
  EXPECT_NE(tree_.Text("state/state.json"), written);
}

TEST_F(JournalTest, KilledBeforeTheEventsAreWrittenTheRestartWritesThem) {
  {
    auto journal = Open();
    for (std::uint64_t step = 0; step < 3; ++step) Record(*journal, step);
  }
  const std::string events = tree_.Text("events.jsonl");
  tree_.Write("events.jsonl", events.substr(0, events.size() - 10));
  ExpectFilesTell(Open()->known());
  EXPECT_EQ(tree_.Text("events.jsonl"), events);
}

TEST_F(JournalTest, AStateThatIsLostBeginsAboveTheLastId) {
  std::uint64_t last = 0;
  {
    auto journal = Open();
    for (std::uint64_t step = 0; step < 9; ++step) Record(*journal, step);
    last = journal->known().last_id;
  }
  tree_.Write("state/state.json", "{");
  auto journal = Open();
  EXPECT_EQ(warnings_.size(), 1U);
  EXPECT_EQ(journal->known().last_id, last);
  EXPECT_TRUE(journal->known().containers.empty());
  EXPECT_EQ(Record(*journal, 10).at(0).id, last + 1);
}

TEST_F(JournalTest, NothingIsWrittenBeforeItIsFlushed) {
  auto journal = Open();
  const ActedScan scan(SceneAt(1), kScanInterval);
  EXPECT_FALSE(journal->Take(scan.judged(), {.debounce = 1}).empty());
  EXPECT_EQ(tree_.Text("state/state.json"), "");
  EXPECT_EQ(tree_.Text("events.jsonl"), "");
  journal->Flush();
  ExpectFilesTell(journal->known());
}

TEST_F(JournalTest, LinesWaitForAFileThatCannotBeOpened) {
  {
    auto journal = Open();
    Record(*journal, 0);
  }
  const std::string before = tree_.Text("events.jsonl");
  tree_.Write("events.jsonl", before.substr(0, before.size() - 10));
  rename(tree_.Path("events.jsonl").c_str(), tree_.Path("away").c_str());
  tree_.MakeDirectory("events.jsonl");
  auto journal = Open();
  ASSERT_TRUE(journal.has_value()) << journal.error().message;
  EXPECT_FALSE(journal->AreEventsWritten());
  Record(*journal, 1);
  EXPECT_EQ(warnings_.size(), 1U);
  tree_.Remove("events.jsonl");
  rename(tree_.Path("away").c_str(), tree_.Path("events.jsonl").c_str());
  Record(*journal, 2);
  EXPECT_TRUE(journal->AreEventsWritten());
  EXPECT_EQ(journal->counts().lost, 0U);
  ExpectFilesTell(journal->known());
}

TEST_F(JournalTest, EventsGoOnWithoutAState) {
  tree_.Write("state", "");
  auto journal = Open();
  ASSERT_TRUE(journal.has_value()) << journal.error().message;
  EXPECT_EQ(warnings_.size(), 1U);
  Record(*journal, 0);
  EXPECT_FALSE(journal->IsStateWritten());
  EXPECT_TRUE(journal->AreEventsWritten());
  ExpectFilesTell(journal->known());
  tree_.Remove("state");
  Record(*journal, 0);
  EXPECT_TRUE(journal->IsStateWritten());
  EXPECT_EQ(warnings_.size(), 1U);
}

TEST_F(JournalTest, AStateThatComesBeforeAnythingWasToldIsTakenUp) {
  {
    auto journal = Open();
    Record(*journal, 0);
  }
  rename(tree_.Path("state").c_str(), tree_.Path("away").c_str());
  tree_.Write("state", "");
  auto journal = Open();
  tree_.Remove("state");
  rename(tree_.Path("away").c_str(), tree_.Path("state").c_str());
  journal->Flush();
  EXPECT_TRUE(Record(*journal, SceneAt(0), 1).empty());
  ExpectFilesTell(journal->known());
}

TEST_F(JournalTest, AStateThatComesTooLateIsReplaced) {
  {
    auto journal = Open();
    Record(*journal, 0);
  }
  rename(tree_.Path("state").c_str(), tree_.Path("away").c_str());
  tree_.Write("state", "");
  std::uint64_t last = 0;
  {
    auto journal = Open();
    EXPECT_FALSE(Record(*journal, SceneAt(0), 1).empty()) << "announced again";
    tree_.Remove("state");
    rename(tree_.Path("away").c_str(), tree_.Path("state").c_str());
    Record(*journal, SceneAt(0), 2);
    EXPECT_TRUE(journal->IsStateWritten());
    EXPECT_EQ(journal->counts().lost, 0U);
    last = journal->known().last_id;
  }
  auto journal = Open();
  EXPECT_EQ(journal->known().last_id, last);
  EXPECT_TRUE(Record(*journal, SceneAt(0), 3).empty());
}

TEST_F(JournalTest, ItStandsBackFromAStateThatAnotherAgentHas) {
  tree_.Write("state", "");
  auto journal = Open();
  Record(*journal, 0);
  const std::string written = tree_.Text("events.jsonl");
  EXPECT_NE(written, "");
  tree_.Remove("state");
  const auto other = Open();
  ASSERT_TRUE(other.has_value());
  Record(*journal, 1);
  EXPECT_EQ(tree_.Text("events.jsonl"), written);
  EXPECT_FALSE(journal->AreEventsWritten());
  EXPECT_NE(warnings_.back().find("another hullmark agent"), std::string::npos);
}

TEST_F(JournalTest, AnotherAgentsStateStopsIt) {
  const auto first = Open();
  const auto second = Open();
  ASSERT_FALSE(second.has_value());
  EXPECT_NE(second.error().message.find("another hullmark agent"), std::string::npos);
}

TEST_F(JournalTest, WhoLocksTheDirectoryStopsNobody) {
  tree_.MakeDirectory("state");
  const Fd directory = tree_.Open("state");
  ASSERT_EQ(flock(directory.get(), LOCK_EX | LOCK_NB), 0);
  const auto journal = Open();
  ASSERT_TRUE(journal.has_value()) << journal.error().message;
  struct stat lock = {};
  ASSERT_EQ(stat(tree_.Path("state/state.lock").c_str(), &lock), 0);
  EXPECT_EQ(lock.st_mode & 0777U, 0600U) << "nobody else can open it";
  EXPECT_FALSE(Open().has_value()) << "one agent at a time";
}

TEST_F(JournalTest, WithoutAnEventsFileTheStateIsKept) {
  tree_.MakeDirectory("state");
  const Journal::Options options = {.state_dir = tree_.Path("state"), .user = Uid{geteuid()}};
  std::uint64_t last = 0;
  {
    auto journal = Journal::Open(options, {});
    ASSERT_TRUE(journal.has_value());
    EXPECT_FALSE(Record(*journal, 0).empty());
    last = journal->known().last_id;
  }
  EXPECT_EQ(Journal::Open(options, {})->known().last_id, last);
}

// A limit of size stands for the full disk.
TEST_F(JournalTest, AFullDiskLosesTheOldestBeyondAThousand) {
  auto journal = Open();
  struct rlimit before = {};
  getrlimit(RLIMIT_FSIZE, &before);
  const struct rlimit nothing = {.rlim_cur = 1, .rlim_max = before.rlim_max};
  setrlimit(RLIMIT_FSIZE, &nothing);
  std::uint64_t step = 0;
  std::uint64_t made = 0;
  while (made <= 1'500) made += Record(*journal, step++).size();
  setrlimit(RLIMIT_FSIZE, &before);
  EXPECT_EQ(journal->counts().waiting, Journal::kMostWaiting);
  EXPECT_EQ(journal->counts().lost, made - Journal::kMostWaiting);
  EXPECT_GT(journal->counts().event_failures, 0U);
  EXPECT_GT(journal->counts().state_failures, 0U);
  EXPECT_EQ(warnings_.size(), 2U);  // Of the state and of the events, once each.
  made += Record(*journal, step).size();
  EXPECT_EQ(journal->counts().waiting, 0U);
  const auto events = EventsInFiles();
  ASSERT_FALSE(events.empty());
  EXPECT_EQ(events.back()["id"], made);
  EXPECT_EQ(events.size() + journal->counts().lost, made);
}

// The real thing: a small file system, where root may mount one.
TEST_F(JournalTest, AFullFileSystemIsSurvived) {
  tree_.MakeDirectory("small");
  if (mount("none", tree_.Path("small").c_str(), "tmpfs", 0, "size=64k,mode=0755") != 0) {
    GTEST_SKIP() << "no tmpfs can be mounted here";
  }
  {
    tree_.MakeDirectory("small/state");
    auto journal = Journal::Open({.state_dir = tree_.Path("small/state"),
                                  .events_file = tree_.Path("small/events.jsonl"),
                                  .limits = {.max_size = 1U << 20, .keep = 1'000},
                                  .user = Uid{geteuid()}},
                                 [&](const std::string& text) { warnings_.push_back(text); });
    ASSERT_TRUE(journal.has_value()) << journal.error().message;
    std::uint64_t step = 0;
    while (journal->counts().event_failures < 9) Record(*journal, step++);
    for (const Json& event : EventsInFile("small/events.jsonl")) EXPECT_TRUE(event.is_object());
    mount("none", tree_.Path("small").c_str(), "tmpfs", MS_REMOUNT, "size=4m,mode=0755");
    Record(*journal, step);
    EXPECT_EQ(journal->counts().waiting, 0U);
    EXPECT_EQ(EventsInFile("small/events.jsonl").size(), journal->known().last_id);
  }
  umount(tree_.Path("small").c_str());
}

// How far the child has come; it lives in memory that both share.
class Progress {
 public:
  Progress()
      : step_(static_cast<std::atomic<std::uint64_t>*>(mmap(
            nullptr, sizeof(*step_), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0))) {}
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress() { munmap(step_, sizeof(*step_)); }
  std::atomic<std::uint64_t>& step() const { return *step_; }

 private:
  std::atomic<std::uint64_t>* step_;
};

class KilledJournalTest : public JournalTest {
 protected:
  [[noreturn]] void RecordForEver(const Progress& progress) {
    auto journal = Open(4'096);
    if (!journal) _exit(1);
    for (;;) {
      Record(*journal, progress.step().load());
      ++progress.step();
    }
  }
};

int Rounds() {
  const char* const wanted = std::getenv("HULLMARK_KILLS");
  return wanted == nullptr ? 40 : std::atoi(wanted);
}

// Killed at any moment, the files tell all, each once, and the state with them. HULLMARK_KILLS sets
// how many times; a soak sets more.
TEST_F(KilledJournalTest, LosesAndRepeatsNothing) {
  const Progress progress;
  std::minstd_rand random(1);
  for (int round = 0; round < Rounds(); ++round) {
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) RecordForEver(progress);
    const std::uint64_t begin = progress.step().load();
    const std::uint64_t most = begin + random() % 8;
    while (progress.step().load() <= most && waitpid(child, nullptr, WNOHANG) == 0) {
      sched_yield();
    }
    const auto until = Clock::now() + std::chrono::microseconds(random() % 3'000);
    while (Clock::now() < until) sched_yield();
    kill(child, SIGKILL);
    int status = 0;
    const bool ended = waitpid(child, &status, 0) < 0;
    ASSERT_FALSE(ended) << "the child ended by itself in round " << round;
    if (round % 8 == 7) {
      ASSERT_NO_FATAL_FAILURE(ExpectFilesTell(Open(4'096)->known()));
    }
  }
  auto journal = Open(4'096);
  ASSERT_TRUE(journal.has_value()) << journal.error().message;
  EXPECT_TRUE(warnings_.empty());
  ASSERT_NO_FATAL_FAILURE(ExpectFilesTell(journal->known()));
  Record(*journal, progress.step().load());
  ExpectFilesTell(journal->known());
}

}  // namespace
}  // namespace hullmark
