// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <unordered_map>

#include "agent/base/file.h"
#include "hullmark/ids.h"

namespace hullmark {

// Open mountinfo files, one per mount namespace, which the kernel marks when a mount comes, goes or
// changes its flags, see proc_pid_mountinfo(5).
//
// Such a file keeps the namespace and what is mounted in it in being: the volumes of a container
// that has ended could not be unmounted, detached or removed. So each is opened through a process
// that is watched by a pidfd and let go of as soon as that process ends: LetGo is to be called
// whenever fd() is readable. Where that process goes to another namespace instead and the others
// end, the next look lets go.
//
// They are never read, which keeps the kernel's share below a kilobyte each. LetGo may be called
// from any thread, the rest by the one that looks.
class KeptMounts {
 public:
  explicit KeptMounts(std::size_t most);

  // Begins a look: learns what has changed since the one before. Those that changed, and those that
  // `drop` names, are let go of.
  void BeginLook(const std::function<bool(NamespaceInode)>& drop);

  // Whether the table of this namespace is what it was when the last look read it.
  bool IsUnchanged(NamespaceInode inode) const;

  bool IsKept(NamespaceInode inode) const;

  // Lets go of the namespaces in which no process was `seen`: the one that is watched has left.
  void EndLook(const std::function<bool(NamespaceInode)>& seen);

  // To be opened before the table is read. No descriptors where there is no room, or one is kept.
  // `directory` is that of `pid` below /proc; that the process still lives is to be seen before
  // Keep, or `process` may be another's.
  struct Watch {
    Fd mountinfo, process;
  };
  Watch Open(int directory, Pid pid, NamespaceInode inode) const;
  void Keep(NamespaceInode inode, Watch watch);

  // For poll(2): readable when a process has ended through which a file is kept; -1: none.
  int fd() const { return ended_.get(); }
  void LetGo();

  std::size_t size() const;

 private:
  struct Kept {
    Watch watch;
    bool changed = false, unchanged = false;
  };
  void Poll();

  const std::size_t most_;
  Fd ended_;  // An epoll of the pidfds.
  mutable std::mutex mutex_;
  std::unordered_map<std::uint32_t, Kept> kept_;  // By namespace inode.
};

}  // namespace hullmark
