// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon/rescanner.h"

#include <chrono>
#include <functional>
#include <mutex>
#include <utility>

#include "agent/base/quiet_thread.h"

namespace hullmark {

Rescanner::Rescanner(std::chrono::milliseconds every, std::function<bool()> pass)
    : every_(every), pass_(std::move(pass)), thread_(QuietThread([this] { Run(); })) {}

Rescanner::~Rescanner() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  stopped_.notify_all();
  thread_.join();
}

void Rescanner::Run() {
  std::unique_lock lock(mutex_);
  do {
    lock.unlock();
    const bool go_on = pass_();
    lock.lock();
    if (!go_on) return;
  } while (!stopped_.wait_for(lock, every_, [this] { return stopping_; }));
}

}  // namespace hullmark
