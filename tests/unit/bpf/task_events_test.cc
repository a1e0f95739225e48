// SPDX-License-Identifier: Apache-2.0
// The events of this very kernel. Skipped, with the reason, where BPF is not to be had.
#include "agent/bpf/task_events.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/bpf/task_event.h"
#include "hullmark/result.h"

namespace hullmark {
namespace {

constexpr std::size_t kAll = 1'000'000;
constexpr const char* kTrue = "/bin/true";

pid_t Spawn(bool in_own_namespace) {
  const pid_t child = fork();
  if (child == 0) {
    if (in_own_namespace && unshare(CLONE_NEWNS) != 0) _exit(77);
    execl(kTrue, kTrue, nullptr);
    _exit(1);
  }
  return child;
}

int Await(pid_t child) {
  int status = 0;
  waitpid(child, &status, 0);
  return status;
}

// Namespaces of this process as the kernel program numbers them; they cannot be told by link where
// /proc is hidden, so an event is asked.
std::array<std::uint32_t, kRecordNamespaces> OwnNamespaces(TaskEvents& events) {
  std::array<std::uint32_t, kRecordNamespaces> own = {};
  const pid_t child = Spawn(false);
  Await(child);
  events.Drain(kAll, [&](const TaskEvent& event) {
    if (event.turn.tgid != child || event.turn.turn != kTaskExecuted) return;
    for (std::size_t at = 0; at < own.size(); ++at) own.at(at) = event.task.namespaces[at];
  });
  return own;
}

bool IsAwake(const TaskEvents& events) {
  pollfd ready = {.fd = events.fd(), .events = POLLIN, .revents = 0};
  return poll(&ready, 1, 0) == 1;
}

class LiveEvents : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override { Load({.typed = GetParam()}); }
  void Load(const TaskEvents::Options& options) {
    auto loaded = TaskEvents::Load(options);
    if (!loaded) GTEST_SKIP() << loaded.error().message;
    events_.emplace(std::move(*loaded));
  }
  std::vector<TaskEvent> Of(pid_t process) {
    std::vector<TaskEvent> told;
    events_->Drain(kAll, [&](const TaskEvent& event) {
      if (event.turn.tgid == process) told.push_back(event);
    });
    return told;
  }

  std::optional<TaskEvents> events_;
};

INSTANTIATE_TEST_SUITE_P(TypedAndRaw, LiveEvents, testing::Bool());

TEST_P(LiveEvents, TellALifeInItsOrder) {
  const pid_t child = Spawn(false);
  ASSERT_EQ(Await(child), 0);
  const auto told = Of(child);
  ASSERT_EQ(told.size(), 3U);
  for (unsigned turn = kTaskForked; turn < kTaskTurns; ++turn)
    EXPECT_EQ(told[turn].turn.turn, turn);
  const TaskEvent& executed = told[kTaskExecuted];
  EXPECT_EQ(executed.task.tid, child);
  EXPECT_EQ(told[kTaskForked].turn.parent, getpid());
  EXPECT_EQ(executed.task.parent, getpid());
  EXPECT_EQ(executed.task.euid, geteuid());
  EXPECT_EQ(executed.task.start, told[kTaskForked].turn.start);
  EXPECT_STREQ(executed.executable_name, "true");
  EXPECT_NE(executed.task.known & unsigned{kKnowsMount}, 0U);
  EXPECT_LT(told[kTaskForked].turn.at, executed.turn.at);
  EXPECT_LT(executed.turn.at, told[kTaskExited].turn.at);
}

TEST_P(LiveEvents, MissNoneHoweverShort) {
  constexpr int kLives = 200;
  std::map<pid_t, int> lives;
  for (int i = 0; i < kLives; ++i) {
    const pid_t child = fork();
    if (child == 0) _exit(0);
    lives[child] = 0;
    Await(child);
  }
  events_->Drain(kAll, [&](const TaskEvent& event) {
    const auto life = lives.find(event.turn.tgid);
    if (life != lives.end()) ++life->second;
  });
  for (const auto& [pid, turns] : lives) EXPECT_EQ(turns, 2) << pid;
  EXPECT_EQ(events_->counts().Lost(), 0U);
}

TEST_P(LiveEvents, HandOverAsMuchAsIsAskedFor) {
  Await(Spawn(false));
  std::size_t taken = 0;
  const auto take = [&](const TaskEvent&) { ++taken; };
  EXPECT_EQ(events_->Drain(0, take), 0U);
  EXPECT_EQ(events_->Drain(2, take), 2U);
  EXPECT_EQ(taken, 2U);
  EXPECT_GE(events_->Drain(kAll, take), 1U);
}

TEST_P(LiveEvents, CountWhatFindsNoRoom) {
  Load({.ring_bytes = 4096, .typed = GetParam()});
  constexpr std::uint64_t kLives = 200;
  for (std::uint64_t i = 0; i < kLives; ++i) {
    const pid_t child = fork();
    if (child == 0) _exit(0);
    Await(child);
  }
  const TaskEvents::Counts counts = events_->counts();
  const std::uint64_t told = counts.told[kTaskForked] + counts.told[kTaskExited];
  EXPECT_GE(told + counts.Lost(), 2 * kLives);
  EXPECT_GT(counts.Lost(), kLives);
  std::size_t taken = 0;
  events_->Drain(kAll, [&](const TaskEvent&) { ++taken; });
  EXPECT_EQ(taken, told + counts.told[kTaskExecuted]);
}

TEST_P(LiveEvents, WakeForWhatIsNotOfTheHost) {
  const auto own = OwnNamespaces(*events_);
  events_->SetHost(own);
  Await(Spawn(false));  // From now on its cgroup is known.
  Of(0);
  EXPECT_FALSE(IsAwake(*events_));
  Await(Spawn(false));
  EXPECT_FALSE(IsAwake(*events_));
  if (Await(Spawn(true)) != 0) GTEST_SKIP() << "mount namespaces cannot be made here";
  EXPECT_TRUE(IsAwake(*events_));
  EXPECT_GE(Of(0).size(), 0U);
  EXPECT_FALSE(IsAwake(*events_));
}

TEST(TaskEvents, SayWhatIsMissingWithoutPrivileges) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can give privileges up";
  const pid_t child = fork();
  if (child == 0) {
    if (setuid(65534) != 0) _exit(1);
    const auto loaded = TaskEvents::Load({});
    const bool said = !loaded && (loaded.error().code == ErrorCode::kDenied ||
                                  loaded.error().code == ErrorCode::kNotFound);
    _exit(said ? 0 : 2);
  }
  EXPECT_EQ(Await(child), 0);
}

}  // namespace
}  // namespace hullmark
