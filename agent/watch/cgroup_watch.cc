// SPDX-License-Identifier: Apache-2.0
#include "agent/watch/cgroup_watch.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/inotify.h>
#include <sys/types.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <utility>

#include "agent/base/file.h"
#include "hullmark/result.h"

namespace hullmark {
namespace {

constexpr int kMostDepth = 32;
constexpr std::uint32_t kBirthAndDeath =
    IN_CREATE | IN_DELETE | IN_ONLYDIR | IN_DONT_FOLLOW | IN_EXCL_UNLINK;

}  // namespace

std::string WatchedHierarchy(const std::string& cgroup_root) {
  for (const char* name : {"memory", "pids", "devices", "systemd", "unified"}) {
    const std::string path = cgroup_root + "/" + name;
    const Fd found(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
    // A cgroup of version 2 may have any of these names; its root has this file.
    if (found && access((cgroup_root + "/cgroup.controllers").c_str(), F_OK) != 0) return path;
  }
  return cgroup_root;
}

Result<std::unique_ptr<CgroupWatch>> CgroupWatch::Create(const std::string& root,
                                                         std::size_t most) {
  Fd inotify(inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (!inotify) {
    return Fail(CodeOfErrno(errno), std::string("inotify: ") + std::strerror(errno));
  }
  std::unique_ptr<CgroupWatch> watch(new CgroupWatch(std::move(inotify), root, most));
  watch->Refresh();
  if (watch->watched_.empty()) {
    return Fail(ErrorCode::kUnsupported, root + ": cannot be watched for cgroups");
  }
  return watch;
}

void CgroupWatch::Refresh() {
  partial_ = false;
  for (auto at = by_path_.begin(); at != by_path_.end();) {
    const auto place = at++;
    if (access(place->first.c_str(), F_OK) != 0) Drop(place);
  }
  AddTree(root_, 0);
}

bool CgroupWatch::Add(const std::string& path) {
  const bool full = watched_.size() >= most_ && !by_path_.contains(path);
  const int watch = full ? -1 : inotify_add_watch(inotify_.get(), path.c_str(), kBirthAndDeath);
  if (watch < 0) {
    // A directory that is gone again needs no watch.
    if (full || (errno != ENOENT && errno != ENOTDIR)) partial_ = true;
    return false;
  }
  // A path that is watched already and has another number now is another directory.
  const auto [place, is_new] = by_path_.try_emplace(path, watch);
  if (!is_new && place->second != watch) {
    inotify_rm_watch(inotify_.get(), place->second);
    watched_.erase(place->second);
    place->second = watch;
  }
  watched_[watch] = path;
  return true;
}

void CgroupWatch::Drop(ByPath::iterator place) {
  inotify_rm_watch(inotify_.get(), place->second);
  watched_.erase(place->second);
  by_path_.erase(place);
}

// The kernel does not say of a directory of cgroupfs itself that it is gone, and keeps the watch.
void CgroupWatch::DropTree(const std::string& path) {
  if (const auto place = by_path_.find(path); place != by_path_.end()) Drop(place);
  const std::string below = path + "/";
  for (auto at = by_path_.lower_bound(below);
       at != by_path_.end() && at->first.starts_with(below);) {
    Drop(at++);
  }
}

// The kernel has removed the watch.
void CgroupWatch::Forget(int watch) {
  const auto found = watched_.find(watch);
  if (found == watched_.end()) return;
  by_path_.erase(found->second);
  watched_.erase(found);
}

// A directory is watched before it is listed: what is made in between is seen by one of the two.
void CgroupWatch::AddTree(const std::string& path, int depth) {
  if (depth > kMostDepth || !Add(path)) return;
  const std::unique_ptr<DIR, int (*)(DIR*)> listing(opendir(path.c_str()), closedir);
  if (!listing) return;
  while (const dirent* const entry = readdir(listing.get())) {
    const std::string name(&entry->d_name[0]);
    if (entry->d_type != DT_DIR || name == "." || name == "..") continue;
    AddTree(std::string(path).append("/").append(name), depth + 1);
  }
}

bool CgroupWatch::Follow(const inotify_event& event, const char* name) {
  if ((event.mask & IN_IGNORED) != 0) Forget(event.wd);
  if ((event.mask & IN_ISDIR) == 0 || event.len == 0) return false;
  const auto parent = watched_.find(event.wd);
  if (parent == watched_.end()) return true;
  const std::string path = parent->second + "/" + name;
  // What was made again under its name meanwhile is told by an event of its own.
  if ((event.mask & IN_DELETE) != 0) DropTree(path);
  if ((event.mask & IN_CREATE) != 0) AddTree(path, 0);
  return true;
}

bool CgroupWatch::Changed() {
  alignas(inotify_event) std::array<char, 16'384> events;
  bool changed = false;
  bool lost = false;
  while (true) {
    const ssize_t got = read(inotify_.get(), events.data(), events.size());
    if (got <= 0) break;
    for (std::size_t at = 0; at < static_cast<std::size_t>(got);) {
      inotify_event event;
      std::memcpy(&event, events.data() + at, sizeof event);
      const char* const name = events.data() + at + sizeof event;
      at += sizeof event + event.len;
      lost = lost || (event.mask & IN_Q_OVERFLOW) != 0;
      changed = Follow(event, name) || changed;
    }
  }
  if (lost) Refresh();
  return changed || lost;
}

}  // namespace hullmark
