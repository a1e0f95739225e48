// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon/child.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>

#include "agent/daemon/clock.h"
#include "hullmark/ids.h"

namespace hullmark {
namespace {

using std::chrono::milliseconds, std::chrono::seconds, std::chrono::steady_clock;

// A process that waits to be ended.
pid_t Sleeper() {
  const pid_t child = fork();
  while (child == 0) pause();
  return child;
}

// Runs it in a process of its own, which may change what it is; whether it says so.
bool Alone(const std::function<bool()>& part) {
  const pid_t child = fork();
  if (child == 0) _exit(part() ? 0 : 1);
  int status = -1;
  waitpid(child, &status, 0);
  return status == 0;
}

// The init of a pid namespace does not end while somebody else has a process of it to reap, not
// even by SIGKILL: nearly what a process is that waits for a disk.
struct Unkillable {
  pid_t process = -1, kept = -1;

  static bool IsPossible() {
    return Alone([] { return unshare(CLONE_NEWPID) == 0; });
  }
  Unkillable() {
    if (unshare(CLONE_NEWPID) != 0) return;
    process = Sleeper();
    kept = Sleeper();
  }
  void Release() const { waitpid(kept, nullptr, 0); }
};

TEST(EndingChildrenTest, OneThatEndsIsReaped) {
  const pid_t child = fork();
  if (child == 0) _exit(0);
  EndingChildren ending;
  const Moment now = steady_clock::now();
  ending.Add(Pid{child}, now + seconds(3'600));
  pollfd ended = {.fd = ending.fds().at(0), .events = POLLIN, .revents = 0};
  EXPECT_EQ(poll(&ended, 1, 60'000), 1);
  ending.Tend(now);
  EXPECT_EQ(ending.size(), std::size_t{0});
  EXPECT_EQ(waitpid(child, nullptr, WNOHANG), -1);
}

TEST(EndingChildrenTest, OneWhoseTimeIsOverIsKilledAndNobodyElseReaped) {
  const pid_t other = fork();
  if (other == 0) _exit(7);
  EndingChildren ending;
  const Moment now = steady_clock::now();
  ending.Add(Pid{Sleeper()}, now + seconds(1));
  ending.Tend(now);
  EXPECT_EQ(ending.size(), std::size_t{1});
  ending.Tend(now + seconds(1));
  pollfd ended = {.fd = ending.fds().at(0), .events = POLLIN, .revents = 0};
  EXPECT_EQ(poll(&ended, 1, 60'000), 1);
  ending.Tend(now + seconds(1));
  EXPECT_EQ(ending.size(), std::size_t{0});
  int status = 0;
  EXPECT_EQ(waitpid(other, &status, 0), other);
  EXPECT_EQ(WEXITSTATUS(status), 7);
}

TEST(EndingChildrenTest, OneThatTheKernelReapsHasEnded) {
  EXPECT_TRUE(Alone([] {
    signal(SIGCHLD, SIG_IGN);
    const pid_t child = Sleeper();
    EndingChildren ending;
    const Moment now = steady_clock::now();
    ending.Add(Pid{child}, now);
    ending.Tend(now);
    pollfd ended = {.fd = ending.fds().at(0), .events = POLLIN, .revents = 0};
    const bool over = poll(&ended, 1, 60'000) == 1;
    ending.Tend(now);
    return over && ending.size() == 0;
  }));
}

TEST(EndingChildrenTest, OneThatCannotEndIsNotWaitedFor) {
  if (!Unkillable::IsPossible()) GTEST_SKIP() << "a pid namespace takes CAP_SYS_ADMIN";
  EXPECT_TRUE(Alone([] {
    const Unkillable one;
    const Moment begun = steady_clock::now();
    std::optional<EndingChildren> ending(std::in_place);
    ending->Add(Pid{one.process}, begun);
    ending->Tend(begun);
    ending->Tend(begun);
    const bool there = ending->size() == 1 && steady_clock::now() - begun < seconds(30);
    ending.reset();
    const bool bounded = steady_clock::now() - begun < seconds(30);
    one.Release();
    return there && bounded && Reap(Pid{one.process}, seconds(60)).has_value();
  }));
}

TEST(BuryTest, SaysHowItEndedOrThatItDoesNot) {
  EXPECT_EQ(Bury(Pid{Sleeper()}), "killed by signal 9");
  if (!Unkillable::IsPossible()) GTEST_SKIP() << "a pid namespace takes CAP_SYS_ADMIN";
  EXPECT_TRUE(Alone([] {
    const Unkillable one;
    const bool said = Bury(Pid{one.process}) == "was killed and does not end";
    one.Release();
    return said && Reap(Pid{one.process}, seconds(60)).has_value();
  }));
}

}  // namespace
}  // namespace hullmark
