// SPDX-License-Identifier: Apache-2.0
#include "agent/base/quiet_thread.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <thread>

namespace hullmark {
namespace {

TEST(QuietThread, TakesNoSignalAndLeavesItsMakerAsItWas) {
  sigset_t before;
  pthread_sigmask(SIG_SETMASK, nullptr, &before);
  sigset_t inside;
  sigemptyset(&inside);
  std::thread thread = QuietThread([&inside] { pthread_sigmask(SIG_SETMASK, nullptr, &inside); });
  thread.join();
  sigset_t after;
  pthread_sigmask(SIG_SETMASK, nullptr, &after);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGUSR1}) {
    EXPECT_EQ(sigismember(&inside, signal), 1) << signal;
    EXPECT_EQ(sigismember(&after, signal), sigismember(&before, signal)) << signal;
  }
}

}  // namespace
}  // namespace hullmark
