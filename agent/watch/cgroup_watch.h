// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>

#include "agent/base/file.h"
#include "hullmark/result.h"

struct inotify_event;  // inotify(7)

namespace hullmark {

// Tells that a cgroup was born or died, by inotify(7) on the directories of one hierarchy. It only
// says "look again": what there is, a scan finds out.
class CgroupWatch {
 public:
  static constexpr std::size_t kMostWatches = 4'096;

  // Watches all directories below `root`, a cgroup2 mount or a v1 hierarchy. Error: nothing can be
  // watched at all.
  static Result<std::unique_ptr<CgroupWatch>> Create(const std::string& root,
                                                     std::size_t most = kMostWatches);

  int fd() const { return inotify_.get(); }

  // Reads what has happened. True: a cgroup was born or died, or events were lost.
  bool Changed();

  // Some directories are not watched: their changes wait for the interval.
  bool IsPartial() const { return partial_; }

  // Forgets what is gone and walks the tree again: what could not be watched may be now.
  void Refresh();

 private:
  using ByPath = std::map<std::string, int>;

  CgroupWatch(Fd inotify, std::string root, std::size_t most)
      : inotify_(std::move(inotify)), root_(std::move(root)), most_(most) {}
  bool Add(const std::string& path);
  void AddTree(const std::string& path, int depth);
  void Drop(ByPath::iterator place);
  void DropTree(const std::string& path);
  void Forget(int watch);
  // Whether a control group was born or has died.
  bool Follow(const inotify_event& event, const char* name);

  Fd inotify_;
  std::string root_;
  std::size_t most_;
  std::unordered_map<int, std::string> watched_;
  ByPath by_path_;  // The same, the other way round.
  bool partial_ = false;
};

// The directory to watch: `cgroup_root` itself, or below it the hierarchy of version 1 that
// containers are sure to have a directory in.
std::string WatchedHierarchy(const std::string& cgroup_root);

}  // namespace hullmark
