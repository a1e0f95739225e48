// SPDX-License-Identifier: Apache-2.0
#include "agent/base/quiet_thread.h"

#include <signal.h>  // NOLINT(modernize-deprecated-headers): pthread_sigmask is not in <csignal>

#include <functional>
#include <thread>
#include <utility>

namespace hullmark {

std::thread QuietThread(std::function<void()> work) {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);  // A thread begins with the mask of its maker.
  std::thread thread(std::move(work));
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return thread;
}

}  // namespace hullmark
