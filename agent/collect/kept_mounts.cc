// SPDX-License-Identifier: Apache-2.0
#include "agent/collect/kept_mounts.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <span>
#include <utility>
#include <vector>

#include "agent/base/file.h"
#include "hullmark/ids.h"

namespace hullmark {

KeptMounts::KeptMounts(std::size_t most) : most_(most), ended_(epoll_create1(EPOLL_CLOEXEC)) {}

void KeptMounts::BeginLook(const std::function<bool(NamespaceInode)>& drop) {
  LetGo();
  const std::lock_guard lock(mutex_);
  Poll();
  std::erase_if(kept_, [&](const auto& kept) {
    return kept.second.changed || drop(NamespaceInode{kept.first});
  });
  for (auto& [inode, kept] : kept_) kept.unchanged = true;
}

void KeptMounts::Poll() {
  std::vector<pollfd> wanted;
  std::vector<Kept*> asked;
  for (auto& [inode, kept] : kept_) {
    wanted.push_back({.fd = kept.watch.mountinfo.get(), .events = POLLPRI, .revents = 0});
    asked.push_back(&kept);
  }
  const bool told = poll(wanted.data(), wanted.size(), 0) >= 0;
  for (std::size_t at = 0; at < wanted.size(); ++at) {
    asked[at]->changed = !told || wanted[at].revents != 0;
  }
}

bool KeptMounts::IsUnchanged(NamespaceInode inode) const {
  const std::lock_guard lock(mutex_);
  const auto at = kept_.find(std::to_underlying(inode));
  return at != kept_.end() && at->second.unchanged;
}

bool KeptMounts::IsKept(NamespaceInode inode) const {
  const std::lock_guard lock(mutex_);
  return kept_.contains(std::to_underlying(inode));
}

void KeptMounts::EndLook(const std::function<bool(NamespaceInode)>& seen) {
  const std::lock_guard lock(mutex_);
  std::erase_if(kept_, [&](const auto& kept) { return !seen(NamespaceInode{kept.first}); });
}

KeptMounts::Watch KeptMounts::Open(int directory, Pid pid, NamespaceInode inode) const {
  {
    const std::lock_guard lock(mutex_);
    if (!ended_ || kept_.size() >= most_ || kept_.contains(std::to_underlying(inode))) return {};
  }
  Fd process(static_cast<int>(syscall(SYS_pidfd_open, std::to_underlying(pid), 0)));
  if (!process) return {};
  return {.mountinfo = Fd(openat(directory, "mountinfo", O_RDONLY | O_CLOEXEC | O_NONBLOCK)),
          .process = std::move(process)};
}

void KeptMounts::Keep(NamespaceInode inode, Watch watch) {
  if (!watch.mountinfo || !watch.process) return;
  epoll_event event = {};
  event.events = EPOLLIN | EPOLLONESHOT;  // Once: a child of ours may hold a copy until it execs.
  event.data.u64 = std::to_underlying(inode);
  // Under the lock: what is ready before it is in the map would be looked for in vain.
  const std::lock_guard lock(mutex_);
  if (epoll_ctl(ended_.get(), EPOLL_CTL_ADD, watch.process.get(), &event) != 0) return;
  kept_.try_emplace(std::to_underlying(inode), Kept{.watch = std::move(watch)});
}

void KeptMounts::LetGo() {
  std::array<epoll_event, 64> events = {};
  const std::lock_guard lock(mutex_);
  while (true) {
    const int count = epoll_wait(ended_.get(), events.data(), static_cast<int>(events.size()), 0);
    if (count <= 0) return;
    for (const epoll_event& event : std::span(events).first(static_cast<std::size_t>(count))) {
      kept_.erase(static_cast<std::uint32_t>(event.data.u64));  // Closing takes it off the epoll.
    }
  }
}

std::size_t KeptMounts::size() const {
  const std::lock_guard lock(mutex_);
  return kept_.size();
}

}  // namespace hullmark
