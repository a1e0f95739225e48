// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon/scan_thread.h"

#include <sys/eventfd.h>
#include <sys/types.h>
#include <unistd.h>

#include <cassert>
#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <utility>

#include "agent/base/quiet_thread.h"

namespace hullmark {

ScanThread::ScanThread()
    : done_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)), thread_(PromptThread([this] { Run(); })) {}

ScanThread::~ScanThread() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void ScanThread::Begin(std::function<void()> work, std::function<void()> after) {
  {
    const std::lock_guard lock(mutex_);
    assert(!working_);
    work_ = std::move(work);
    after_ = std::move(after);
    working_ = true;
    busy_ = true;
  }
  changed_.notify_all();
}

void ScanThread::Run() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return stopping_ || work_; });
    if (!work_) return;
    const std::function<void()> work = std::exchange(work_, nullptr);
    const std::function<void()> after = std::exchange(after_, nullptr);
    lock.unlock();
    work();
    lock.lock();
    working_ = false;
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = write(done_.get(), &one, sizeof one);
    if (after) {
      lock.unlock();
      after();
      lock.lock();
    }
    busy_ = working_;
    changed_.notify_all();
  }
}

bool ScanThread::TakeDone() {
  std::uint64_t ended = 0;
  if (read(done_.get(), &ended, sizeof ended) != ssize_t{sizeof ended}) return false;
  const std::lock_guard lock(mutex_);  // What the work wrote is seen by who asks.
  return true;
}

bool ScanThread::IsIdle(std::chrono::milliseconds wait) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, wait, [this] { return !busy_; });
}

}  // namespace hullmark
