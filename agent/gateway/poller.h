// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/epoll.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <span>
#include <utility>

#include "agent/base/file.h"
#include "hullmark/result.h"

namespace hullmark {

// Descriptors that are waited for together, level-triggered, see epoll(7). Each has a tag, by which
// it is told. One that is closed is forgotten.
class Poller {
 public:
  static Result<Poller> Create();

  // `events` are EPOLLIN and the like; 0 waits for its end only.
  void Add(int fd, std::uint32_t events, std::uint64_t tag) const;
  void Change(int fd, std::uint32_t events, std::uint64_t tag) const;

  // What is ready, at most 64 of them at once; valid until the next call.
  std::span<const epoll_event> Wait(std::chrono::milliseconds most);

 private:
  explicit Poller(Fd epoll) : epoll_(std::move(epoll)) {}

  Fd epoll_;
  std::array<epoll_event, 64> ready_{};
};

}  // namespace hullmark
