// SPDX-License-Identifier: Apache-2.0
#include "agent/gateway/poller.h"

#include <sys/epoll.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <utility>

#include "agent/base/file.h"
#include "hullmark/result.h"

namespace hullmark {
namespace {

epoll_event EventOf(std::uint32_t events, std::uint64_t tag) {
  epoll_event event = {};
  event.events = events;
  event.data.u64 = tag;
  return event;
}

}  // namespace

Result<Poller> Poller::Create() {
  Fd epoll(epoll_create1(EPOLL_CLOEXEC));
  if (!epoll) return Fail(CodeOfErrno(errno), std::string("epoll: ") + std::strerror(errno));
  return Poller(std::move(epoll));
}

void Poller::Add(int fd, std::uint32_t events, std::uint64_t tag) const {
  epoll_event event = EventOf(events, tag);
  epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event);
}

void Poller::Change(int fd, std::uint32_t events, std::uint64_t tag) const {
  epoll_event event = EventOf(events, tag);
  epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event);
}

std::span<const epoll_event> Poller::Wait(std::chrono::milliseconds most) {
  const int count = epoll_wait(epoll_.get(), ready_.data(), static_cast<int>(ready_.size()),
                               static_cast<int>(most.count()));
  return std::span(ready_).first(static_cast<std::size_t>(std::max(count, 0)));
}

}  // namespace hullmark
