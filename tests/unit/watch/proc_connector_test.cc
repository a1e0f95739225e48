// SPDX-License-Identifier: Apache-2.0
#include "agent/watch/proc_connector.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sched.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "agent/watch/connector_message.h"

namespace hullmark {
namespace {

using Turn = ConnectorEvent::Turn;

pid_t RunTrue() {
  std::string name = "true";
  std::array<char*, 2> arguments = {name.data(), nullptr};
  pid_t child = -1;
  if (posix_spawn(&child, "/bin/true", nullptr, nullptr, arguments.data(), environ) != 0) return -1;
  int status = 0;
  waitpid(child, &status, 0);
  return child;
}

TEST(ProcConnector, TellsALifeInItsOrder) {
  auto connector = ProcConnector::Open();
  if (!connector) GTEST_SKIP() << connector.error().message;
  const pid_t child = RunTrue();
  ASSERT_GT(child, 0);
  std::vector<Turn> turns;
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (std::chrono::steady_clock::now() < end &&
         (turns.empty() || turns.back() != Turn::kExited)) {
    pollfd ready = {.fd = connector->fd(), .events = POLLIN, .revents = 0};
    poll(&ready, 1, 100);
    connector->Drain(1'000, [&](const ConnectorEvent& event) {
      if (event.tgid == child) turns.push_back(event.turn);
      if (event.tgid == child && event.turn == Turn::kForked) EXPECT_EQ(event.parent, getpid());
    });
  }
  EXPECT_EQ(turns, (std::vector{Turn::kForked, Turn::kExecuted, Turn::kExited}));
}

TEST(ProcConnector, CountsExactlyWhatDidNotFit) {
  auto connector = ProcConnector::Open();
  if (!connector) GTEST_SKIP() << connector.error().message;
  // More than any buffer of a test machine holds would take minutes: a small one is set instead.
  const int small = 1;
  ASSERT_EQ(setsockopt(connector->fd(), SOL_SOCKET, SO_RCVBUF, &small, sizeof small), 0);
  constexpr std::size_t kLives = 100;
  for (std::size_t life = 0; life < kLives; ++life) RunTrue();
  std::size_t told = 0;
  connector->Drain(10'000, [&](const ConnectorEvent&) { ++told; });
  EXPECT_LT(told, kLives);
  // What comes after it shows the gap; each processor numbers its own.
  cpu_set_t before;
  ASSERT_EQ(sched_getaffinity(0, sizeof before, &before), 0);
  for (std::size_t cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (!CPU_ISSET(cpu, &before)) continue;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    ASSERT_EQ(sched_setaffinity(0, sizeof one, &one), 0);
    const pid_t last = RunTrue();
    bool seen = false;
    connector->Drain(10'000, [&](const ConnectorEvent& event) { seen |= event.tgid == last; });
    EXPECT_TRUE(seen) << "processor " << cpu;
  }
  ASSERT_EQ(sched_setaffinity(0, sizeof before, &before), 0);
  EXPECT_GT(connector->lost(), 0U);
}

}  // namespace
}  // namespace hullmark
