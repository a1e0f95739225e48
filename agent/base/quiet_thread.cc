// SPDX-License-Identifier: Apache-2.0
#include "agent/base/quiet_thread.h"

#include <signal.h>  // NOLINT(modernize-deprecated-headers): pthread_sigmask is not in <csignal>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>
#include <functional>
#include <thread>
#include <utility>

namespace hullmark {
namespace {

// struct sched_attr of linux/sched/types.h, which glibc's sched.h does not go with.
struct SchedAttr {
  std::uint32_t size = sizeof(SchedAttr), policy = 0;
  std::uint64_t flags = 0;
  std::int32_t nice = 0;
  std::uint32_t priority = 0;
  std::uint64_t runtime = 0, deadline = 0, period = 0;
};

void AskForShortTurns() {
  constexpr std::uint64_t kShortest = 100'000;  // Nanoseconds; the kernel gives none below.
  SchedAttr how;
  if (syscall(SYS_sched_getattr, 0, &how, sizeof how, 0) != 0) return;
  how.runtime = kShortest;
  syscall(SYS_sched_setattr, 0, &how, 0);  // It is but sooner with it.
}

}  // namespace

std::thread QuietThread(std::function<void()> work) {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);  // A thread begins with the mask of its maker.
  std::thread thread(std::move(work));
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return thread;
}

std::thread PromptThread(std::function<void()> work) {
  return QuietThread([work = std::move(work)] {
    AskForShortTurns();
    work();
  });
}

}  // namespace hullmark
