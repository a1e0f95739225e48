// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <thread>

namespace hullmark {

// A thread that takes no signal, whenever the process begins to wait for them, see
// pthread_sigmask(3).
std::thread QuietThread(std::function<void()> work);

// One that asks for short turns on a processor, in exchange for which it gets them sooner: else it
// waits for its first one until whoever woke it has had his. Its share and its nice value stay what
// they are. Where the kernel has no such turns (before 6.12) or it may not ask, it is a
// QuietThread. See sched_setattr(2).
std::thread PromptThread(std::function<void()> work);

}  // namespace hullmark
