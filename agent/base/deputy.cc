// SPDX-License-Identifier: Apache-2.0
#include "agent/base/deputy.h"

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

namespace hullmark {

// What passes between the two; the last of them takes it away.
namespace {

std::atomic<int> left_at_work = 0;

}  // namespace

struct Deputy::Desk {
  std::mutex mutex;
  std::condition_variable changed;
  std::function<void()> work;
  bool left = false, busy = false;

  void Sit();
};

void Deputy::Desk::Sit() {
  std::unique_lock lock(mutex);
  while (true) {
    changed.wait(lock, [this] { return left || work; });
    if (!work) return;
    std::function<void()> now = std::exchange(work, nullptr);
    busy = true;
    lock.unlock();
    now();
    now = nullptr;  // What it owns is not to outlive it by much.
    lock.lock();
    busy = false;
    if (left) --left_at_work;
  }
}

bool Deputy::Give(std::function<void()> work) {
  if (!desk_ && left_at_work >= kMostLeft) return false;
  if (!desk_) {
    auto desk = std::make_shared<Desk>();
    try {
      std::thread([desk] { desk->Sit(); }).detach();
    } catch (const std::system_error&) {
      return false;
    }
    desk_ = std::move(desk);
  }
  {
    const std::lock_guard lock(desk_->mutex);
    desk_->work = std::move(work);
  }
  desk_->changed.notify_one();
  return true;
}

void Deputy::Leave() {
  if (!desk_) return;
  {
    const std::lock_guard lock(desk_->mutex);
    desk_->left = true;
    if (desk_->busy || desk_->work) ++left_at_work;
  }
  desk_->changed.notify_one();
  desk_.reset();
}

}  // namespace hullmark
