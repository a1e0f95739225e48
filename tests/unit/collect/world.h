// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "agent/collect/collect.h"
#include "tests/unit/temp_tree.h"

namespace hullmark {

// A process in the words of its files.
struct ProcFiles {
  int pid = 0;
  int parent = 1;
  char state = 'S';
  std::uint32_t flags = 0;
  int threads = 1;
  std::uint64_t start = 1000;
  std::string_view name = "app";
  std::string_view effective = "0000000000000000";
  int uid = 0;
  int image = 0;  // Page where the code starts: another program has another.
};

std::string StatOf(const ProcFiles& process);
std::string StatusTextOf(const ProcFiles& process);

inline constexpr std::string_view kInitialPid = "pid:[4026531836]";
inline constexpr std::string_view kInitialUser = "user:[4026531837]";
inline constexpr std::string_view kInitialCgroup = "cgroup:[4026531835]";

// Kernel trees in a directory of their own: proc, sys, cgroup (as /sys/fs/cgroup) and host.
struct CollectWorld {
  CollectWorld();

  // The files of a process (or thread) in `directory` below proc, "42" or "42/task/43".
  void AddProcess(const std::string& directory, const ProcFiles& process) const;
  // Links of `directory` below proc to namespaces; inode 0: the host's own.
  void AddNamespaces(const std::string& directory, std::uint32_t inode = 0) const;
  Roots OpenAll() const;

  TempTree tree;
  CollectOptions options;
};

// Lines of a mount table.
std::string MountLineOf(int id, std::string_view root, std::string_view point,
                        std::string_view type, std::string_view super_options);

}  // namespace hullmark
