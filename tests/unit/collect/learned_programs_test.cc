// SPDX-License-Identifier: Apache-2.0
#include "agent/collect/learned_programs.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/bpf/task_event.h"
#include "agent/bpf/task_record.h"
#include "agent/collect/event_facts.h"
#include "hullmark/facts.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

constexpr std::uint32_t kLearn = 600;

std::uint64_t Seconds(std::uint64_t seconds) { return seconds * 1'000'000'000; }

struct Actor {
  std::uint64_t start = 0;  // Seconds since boot.
  std::string path{};       // "": it could not be read.
  std::uint32_t links = 1;
};

// A host with one container; the first actor is its init.
Snapshot HostWith(const std::vector<Actor>& actors, std::string_view id = "web") {
  Snapshot snapshot;
  Container container;
  container.id = snapshot.strings.Intern(id);
  for (const Actor& actor : actors) {
    const auto index = static_cast<ProcessIndex>(snapshot.processes.size());
    Process process;
    process.pid = Pid{100 + static_cast<int>(snapshot.processes.size())};
    process.stat.start = BootTicks{actor.start * 100};
    if (actor.path.empty()) {
      process.executable = Missing(ErrorCode::kDenied, 13);
    } else {
      process.executable = static_cast<ExecutableIndex>(snapshot.executables.size());
      snapshot.executables.push_back(
          {.path = snapshot.strings.Intern(actor.path), .links = actor.links});
    }
    snapshot.processes.push_back(process);
    container.members.push_back({.process = index});
  }
  if (!actors.empty()) container.init = ProcessIndex{0};
  snapshot.containers.push_back(std::move(container));
  return snapshot;
}

// An exec in that container, so many seconds after boot.
SeenExec Seen(std::uint64_t at, std::string_view name, std::uint64_t init_start) {
  SeenExec seen{
      .container = {.id = "web", .init = Pid{100}, .init_start = BootTicks{init_start * 100}},
      .over = true};
  seen.event.turn.at = Seconds(at);
  seen.event.task.known = kKnowsImage;
  std::memcpy(static_cast<char*>(seen.event.executable_name), name.data(), name.size());
  return seen;
}

class Learner : public testing::Test {
 protected:
  // What is told of the container by a look at that second.
  LearnedPrograms Look(std::uint64_t at, Snapshot snapshot,
                       const std::vector<SeenExec>& seen = {}) {
    learner_.Learn(snapshot, seen, Seconds(at), seconds_);
    const auto& learned = snapshot.containers.front().learned;
    if (!learned) return {};
    programs_.clear();
    for (const StringId program : learned->programs) {
      programs_ += std::string(snapshot.Text(program)) + " ";
    }
    return *learned;
  }
  // A look before the container was there.
  void LookBefore(std::uint64_t at) {
    Snapshot empty;
    learner_.Learn(empty, {}, Seconds(at), seconds_);
  }

  ProgramLearner learner_;
  std::uint32_t seconds_ = kLearn;
  std::string programs_;  // As the last look told them.
};

TEST_F(Learner, LearnsFromTheStartOfAContainerThatItSawCome) {
  LookBefore(990);
  const LearnedPrograms first = Look(1'005, HostWith({{1'000, "/bin/server"}}));
  EXPECT_EQ(first.age, 0U);
  EXPECT_EQ(first.seconds, kLearn);
  EXPECT_FALSE(first.complete);
  EXPECT_EQ(programs_, "/bin/server ");
  Look(1'599, HostWith({{1'000, "/bin/server"}, {1'599, "/bin/worker"}}));
  EXPECT_EQ(programs_, "/bin/server /bin/worker ");
  // Born at the very end is too late.
  const LearnedPrograms last = Look(1'600, HostWith({{1'000, "/bin/server"}, {1'600, "/tmp/x"}}));
  EXPECT_TRUE(last.complete);
  EXPECT_EQ(programs_, "/bin/server /bin/worker ");
  Look(1'700, HostWith({{1'000, "/bin/server"}, {1'650, "/tmp/y"}}));
  EXPECT_EQ(programs_, "/bin/server /bin/worker ");
}

TEST_F(Learner, TheLookThatEndsItTakesWhoBeganInTime) {
  LookBefore(990);
  Look(1'590, HostWith({{1'000, "/bin/server"}}));
  Look(1'610, HostWith({{1'000, "/bin/server"}, {1'599, "/bin/worker"}}),
       {Seen(1'599, "check", 1'000), Seen(1'600, "late", 1'000)});
  EXPECT_EQ(programs_, "/bin/server /bin/worker check ");
}

TEST_F(Learner, LooksThatComeTooLateLearnItFromTheirFirst) {
  LookBefore(990);
  const LearnedPrograms first = Look(1'700, HostWith({{1'000, "/bin/server"}}));
  EXPECT_EQ(first.age, 700U);
  EXPECT_FALSE(first.complete);
  EXPECT_EQ(programs_, "/bin/server ");
  EXPECT_FALSE(Look(2'299, HostWith({{1'000, "/bin/server"}, {2'290, "/bin/worker"}})).complete);
  EXPECT_TRUE(Look(2'300, HostWith({{1'000, "/bin/server"}, {2'300, "/tmp/x"}})).complete);
  EXPECT_EQ(programs_, "/bin/server /bin/worker ");
}

TEST_F(Learner, AnOlderContainerIsLearnedFromTheFirstLook) {
  const LearnedPrograms first = Look(8'200, HostWith({{1'000, "/bin/server"}}));
  EXPECT_EQ(first.age, 7'200U);
  EXPECT_FALSE(Look(8'799, HostWith({{1'000, "/bin/server"}})).complete);
  EXPECT_TRUE(Look(8'800, HostWith({{1'000, "/bin/server"}})).complete);
}

TEST_F(Learner, WhoseStartIsNotKnownIsOfNoKnownAge) {
  LookBefore(990);
  Snapshot snapshot = HostWith({{1'000, "/bin/server"}});
  snapshot.containers.front().init.reset();
  EXPECT_EQ(Look(1'005, std::move(snapshot)).age, std::nullopt);
  EXPECT_EQ(programs_, "/bin/server ");
}

TEST_F(Learner, NamesGiveWayToPaths) {
  Look(1'000, HostWith({{1'000, "/bin/server"}}),
       {Seen(999, "server", 1'000), Seen(999, "check", 1'000), Seen(999, "", 1'000)});
  EXPECT_EQ(programs_, "/bin/server check ");
  Look(1'010, HostWith({{1'000, "/usr/bin/check"}}), {Seen(1'005, "check", 1'000)});
  EXPECT_EQ(programs_, "/bin/server /usr/bin/check ");
}

TEST_F(Learner, AnotherContainersExecsTeachNothing) {
  SeenExec other = Seen(999, "other", 1'000);
  other.container.init = Pid{7};
  Look(1'000, HostWith({{1'000, "/bin/server"}}), {other, Seen(999, "former", 500)});
  EXPECT_EQ(programs_, "/bin/server ");
}

TEST_F(Learner, ADeletedFileIsKnownByItsPath) {
  Look(1'000, HostWith({{1'000, "/bin/server (deleted)", 0}, {1'000, "/bin/odd (deleted)", 1}}));
  EXPECT_EQ(programs_, "/bin/odd (deleted) /bin/server ");
}

// docker restart: the id stays.
TEST_F(Learner, TheSameIdWithAnotherInitIsLearnedAnew) {
  Look(1'000, HostWith({{1'000, "/bin/server"}}));
  Look(1'700, HostWith({{1'000, "/bin/server"}}));
  const LearnedPrograms again = Look(1'720, HostWith({{1'710, "/bin/other"}}));
  EXPECT_FALSE(again.complete);
  EXPECT_EQ(again.age, 0U);
  EXPECT_EQ(programs_, "/bin/other ");
}

// An id is a claim: whoever changes his is not learned anew.
TEST_F(Learner, AnotherIdOfTheSameInitChangesNothing) {
  Look(1'000, HostWith({{1'000, "/bin/server"}}));
  EXPECT_TRUE(Look(1'700, HostWith({{1'000, "/tmp/x"}}, "renamed")).complete);
  EXPECT_EQ(programs_, "/bin/server ");
}

TEST_F(Learner, MoreThanIsKeptIsSaid) {
  std::vector<Actor> many;
  for (std::size_t at = 0; at < LearnedContainer::kMostPrograms; ++at) {
    many.push_back({1'000, "/bin/" + std::to_string(at)});
  }
  EXPECT_FALSE(Look(1'000, HostWith(many)).partial);
  many.push_back({1'000, "/bin/more"});
  const LearnedPrograms learned = Look(1'010, HostWith(many));
  EXPECT_TRUE(learned.partial);
  EXPECT_EQ(learned.programs.size(), LearnedContainer::kMostPrograms);
  EXPECT_TRUE(learner_.TakeChanged());
  Look(1'020, HostWith(many));
  EXPECT_FALSE(learner_.TakeChanged());
}

TEST_F(Learner, LongPathsAreBoundedToo) {
  const std::string path = "/" + std::string(4'000, 'x');
  const LearnedPrograms learned = Look(1'000, HostWith({{1'000, path + "1"},
                                                        {1'000, path + "2"},
                                                        {1'000, path + "3"},
                                                        {1'000, path + "4"},
                                                        {1'000, path + "5"}}));
  EXPECT_EQ(learned.programs.size(), 4U);
  EXPECT_TRUE(learned.partial);
}

TEST_F(Learner, AnExecutableThatMayNotBeReadIsMissed) {
  EXPECT_TRUE(Look(1'000, HostWith({{1'000, "/bin/server"}, {1'000, ""}})).partial);
}

TEST_F(Learner, WithoutATimeNothingIsTold) {
  seconds_ = 0;
  Snapshot snapshot = HostWith({{1'000, "/bin/server"}});
  learner_.Learn(snapshot, {}, Seconds(1'000), 0);
  EXPECT_FALSE(snapshot.containers.front().learned.has_value());
  EXPECT_FALSE(learner_.TakeChanged());
}

// The agent was away when it ended: what runs by now is not taken for the container's own.
TEST_F(Learner, ARestartTeachesNothing) {
  Look(1'000, HostWith({{1'000, "/bin/server"}}));
  ProgramLearner next;
  next.Restore(learner_.learned());
  std::swap(learner_, next);
  const LearnedPrograms learned = Look(9'000, HostWith({{1'000, "/tmp/x"}}));
  EXPECT_TRUE(learned.complete);
  EXPECT_EQ(learned.age, 0U);
  EXPECT_EQ(programs_, "/bin/server ");
}

TEST_F(Learner, ARestartInTimeGoesOn) {
  Look(1'000, HostWith({{1'000, "/bin/server"}}));
  ProgramLearner next;
  next.Restore(learner_.learned());
  std::swap(learner_, next);
  EXPECT_FALSE(Look(1'599, HostWith({{1'000, "/bin/worker"}})).complete);
  EXPECT_EQ(programs_, "/bin/server /bin/worker ");
}

TEST_F(Learner, AContainerThatALookMissesIsRemembered) {
  Look(1'000, HostWith({{1'000, "/bin/server"}}));
  LookBefore(1'500);
  Look(1'700, HostWith({{1'000, "/tmp/x"}}));
  EXPECT_EQ(programs_, "/bin/server ");
  LookBefore(2'300);
  EXPECT_EQ(learner_.learned().size(), 1U);
  LookBefore(2'301);
  EXPECT_TRUE(learner_.learned().empty());
}

}  // namespace
}  // namespace hullmark
