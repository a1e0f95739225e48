// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <thread>

namespace hullmark {

// A thread that takes no signal, whenever the process begins to wait for them, see
// pthread_sigmask(3).
std::thread QuietThread(std::function<void()> work);

}  // namespace hullmark
