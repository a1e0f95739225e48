// SPDX-License-Identifier: Apache-2.0
#include "agent/base/quiet_thread.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>
#include <functional>
#include <thread>

namespace hullmark {
namespace {

// As linux/sched/types.h has them, which glibc's sched.h does not go with.
struct SchedAttr {
  std::uint32_t size = 0, policy = 0;
  std::uint64_t flags = 0;
  std::int32_t nice = 0;
  std::uint32_t priority = 0;
  std::uint64_t runtime = 0, deadline = 0, period = 0;
};

SchedAttr HowIt(std::thread (*runs)(std::function<void()>)) {
  SchedAttr how;
  runs([&how] { EXPECT_EQ(syscall(SYS_sched_getattr, 0, &how, sizeof how, 0), 0); }).join();
  return how;
}

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

TEST(PromptThread, TakesShorterTurnsAndNoMoreOfThem) {
  const int before = getpriority(PRIO_PROCESS, 0);
  const SchedAttr quiet = HowIt(QuietThread);
  const SchedAttr prompt = HowIt(PromptThread);
  EXPECT_EQ(prompt.nice, before);
  EXPECT_EQ(prompt.policy, quiet.policy);
  constexpr unsigned kBatch = 3;  // SCHED_BATCH; the others have no such turns.
  if (quiet.policy != 0 && quiet.policy != kBatch)
    GTEST_SKIP() << "no turns of a length: policy " << quiet.policy;
  if (quiet.runtime == 0) GTEST_SKIP() << "this kernel has no turns of a length (6.12)";
  EXPECT_LT(prompt.runtime, quiet.runtime);
}

}  // namespace
}  // namespace hullmark
