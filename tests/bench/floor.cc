// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/floor.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/stat.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace hullmark::bench {
namespace {

constexpr std::array kNamespaces = {"mnt", "pid", "net", "ipc", "uts", "user", "cgroup", "time"};

struct Files {
  std::string_view controller;
  std::vector<const char*> names;
};
const std::vector<Files>& LimitFiles() {
  static const std::vector<Files> kFiles = {
      {"memory",
       {"memory.limit_in_bytes", "memory.soft_limit_in_bytes", "memory.memsw.limit_in_bytes",
        "memory.kmem.limit_in_bytes", "memory.oom_control", "memory.use_hierarchy"}},
      {"cpu", {"cpu.cfs_quota_us", "cpu.shares", "cpu.cfs_period_us"}},
      {"pids", {"pids.max"}},
      {"cpuset", {"cpuset.cpus", "cpuset.effective_cpus"}},
      {"blkio",
       {"blkio.bfq.weight", "blkio.throttle.read_bps_device", "blkio.throttle.write_bps_device",
        "blkio.throttle.read_iops_device", "blkio.throttle.write_iops_device"}},
      {"devices", {"devices.list"}},
      {"",
       {"memory.low", "memory.min", "memory.max", "memory.high", "memory.swap.max", "cpu.max",
        "cpu.weight", "pids.max", "cpuset.cpus", "cpuset.cpus.effective", "io.bfq.weight",
        "io.weight", "io.max"}}};
  return kFiles;
}

// One scan: the buffer and what was read already.
class Scan {
 public:
  FloorCounts Run() {
    proc_ = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    cgroup_ = open("/sys/fs/cgroup", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (proc_ < 0 || cgroup_ < 0) return counts_;
    // No process has a label where no module gives one.
    if (Read(proc_, "self/attr/apparmor/current").empty()) label_ = nullptr;
    const bool v2 = faccessat(cgroup_, "cgroup.controllers", F_OK, 0) == 0;
    unified_ = v2 ? "." : "unified";
    for (const std::string& name : List(proc_, ".")) {
      if (name[0] >= '0' && name[0] <= '9') Process(name);
    }
    close(cgroup_);
    close(proc_);
    return counts_;
  }

 private:
  std::string_view Read(int directory, const char* path) {
    const int file = openat(directory, path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (file < 0) return {};
    std::size_t length = 0;
    while (true) {
      const ssize_t got = read(file, buffer_.data() + length, buffer_.size() - length);
      if (got <= 0) break;
      length += static_cast<std::size_t>(got);
      if (length == buffer_.size()) break;
    }
    close(file);
    return {buffer_.data(), length};
  }

  std::string_view Link(int directory, const char* path) {
    const ssize_t length = readlinkat(directory, path, buffer_.data(), buffer_.size());
    return {buffer_.data(), length > 0 ? static_cast<std::size_t>(length) : 0};
  }

  static std::vector<std::string> List(int directory, const char* path) {
    std::vector<std::string> names;
    const int fd = openat(directory, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return names;
    const std::unique_ptr<DIR, int (*)(DIR*)> listing(fdopendir(fd), closedir);
    while (const dirent* const entry = readdir(listing.get())) names.emplace_back(entry->d_name);
    return names;
  }

  // Fields of stat after the name, which may hold anything: `at` 3 is the state.
  static std::string_view StatField(std::string_view stat, int at) {
    stat.remove_prefix(std::min(stat.rfind(')') + 2, stat.size()));
    for (; at > 3 && !stat.empty(); --at)
      stat.remove_prefix(std::min(stat.find(' ') + 1, stat.size()));
    return stat.substr(0, stat.find(' '));
  }

  void Process(const std::string& name) {
    const int directory = openat(proc_, name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0) return;
    const std::string_view stat = Read(directory, "stat");
    constexpr unsigned long kKernelThread = 0x00200000;
    const auto flags = std::strtoul(std::string(StatField(stat, 9)).c_str(), nullptr, 10);
    if (stat.empty() || (flags & kKernelThread) != 0 || StatField(stat, 3) == "Z") {
      close(directory);
      return;
    }
    ++counts_.processes;
    const bool threads = StatField(stat, 20) != "1";
    Task(directory);
    Link(directory, "exe");
    struct statx status = {};
    statx(directory, "exe", AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, STATX_BASIC_STATS | STATX_MNT_ID,
          &status);
    Read(directory, "limits");
    for (const char* const link : {"fd/0", "fd/1", "fd/2"}) Link(directory, link);
    Read(directory, "oom_score_adj");
    if (mounts_.insert(mount_namespace_).second) Read(directory, "mountinfo");
    if (users_.insert(user_namespace_).second) {
      Read(directory, "uid_map");
      Read(directory, "gid_map");
    }
    if (threads) Threads(directory, name);
    Read(directory, "stat");
    close(directory);
  }

  void Task(int directory) {
    Read(directory, "status");
    const int links = openat(directory, "ns", O_PATH | O_DIRECTORY | O_CLOEXEC);
    for (const char* const kind : kNamespaces) {
      const std::string_view link = Link(links, kind);
      if (kind == kNamespaces[0]) mount_namespace_ = link;
      if (kind == kNamespaces[5]) user_namespace_ = link;
    }
    close(links);
    if (label_ != nullptr) Read(directory, label_);
    const std::string groups(Read(directory, "cgroup"));
    if (seen_.insert(groups).second) Cgroups(groups);
  }

  void Threads(int directory, const std::string& process) {
    for (const std::string& name : List(directory, "task")) {
      if (name[0] == '.' || name == process) continue;
      const int thread =
          openat(directory, ("task/" + name).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
      if (thread < 0) continue;
      ++counts_.threads;
      Task(thread);
      close(thread);
    }
  }

  // Every group on the way up, once.
  void Cgroups(std::string_view lines) {
    while (!lines.empty()) {
      const std::string_view line = lines.substr(0, lines.find('\n'));
      lines.remove_prefix(std::min(line.size() + 1, lines.size()));
      const auto first = line.find(':');
      const auto second = line.find(':', first + 1);
      if (second == std::string_view::npos) continue;
      const std::string_view controllers = line.substr(first + 1, second - first - 1);
      std::string path(line.substr(second + 1));
      while (paths_.insert(std::string(controllers) + path).second) {
        Cgroup(controllers, path);
        const auto slash = path.rfind('/');
        if (path == "/" || slash == std::string::npos) break;
        path = slash == 0 ? "/" : path.substr(0, slash);
      }
    }
  }

  void Cgroup(std::string_view controllers, const std::string& path) {
    const std::string_view name =
        controllers.starts_with("name=") ? controllers.substr(5) : controllers;
    const std::string place = (controllers.empty() ? unified_ : std::string(name)) + path;
    const int directory = openat(cgroup_, place.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0) return;
    ++counts_.cgroups;
    struct statx status = {};
    statx(directory, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_BASIC_STATS, &status);
    for (const Files& files : LimitFiles()) {
      if (files.controller != controllers) continue;
      for (const char* const file : files.names) Read(directory, file);
    }
    close(directory);
  }

  std::vector<char> buffer_ = std::vector<char>(std::size_t{64} << 10);
  int proc_ = -1, cgroup_ = -1;
  std::string unified_, mount_namespace_, user_namespace_;
  std::unordered_set<std::string> mounts_, users_, seen_, paths_;
  const char* label_ = "attr/apparmor/current";
  FloorCounts counts_;
};

}  // namespace

FloorCounts FloorScan() { return Scan().Run(); }

}  // namespace hullmark::bench
