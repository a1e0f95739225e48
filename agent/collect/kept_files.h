// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "agent/base/file.h"
#include "agent/collect/rotation.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"

namespace hullmark {

// A directory of cgroupfs that is opened when a file of it is first to be opened.
class CgroupDirectory {
 public:
  CgroupDirectory(const Fd& root, const std::string& path) : root_(root), path_(path) {}

  Fact<int> Open();

 private:
  const Fd& root_;
  const std::string& path_;
  Fd fd_;
};

// Open limit files of cgroups: reading one again costs a tenth of opening it. Each takes about five
// kilobytes of the kernel's memory, so there is a most; past it files are opened each time. A
// cgroup that is removed is not held up by them.
class KeptFiles {
 public:
  explicit KeptFiles(std::size_t most) : most_(most) {}

  // Files of those directories are opened anew whose turn it is: absent ones may have come.
  void BeginLook(const Rotation& rotation) { rotation_ = rotation; }

  // The files read next are those of the cgroup directory `path` below the cgroup root, whose inode
  // this is: another one under the same name is another cgroup.
  void Enter(const std::string& path, std::uint64_t inode);

  // As ReadBuffer::Read of `name` in the directory entered.
  Fact<std::string_view> Read(CgroupDirectory& directory, const char* name, ReadBuffer& buffer);

  // Lets go of the files of cgroups that were not entered since the last call.
  void EndLook();

  std::size_t size() const { return count_; }

 private:
  struct File {
    std::string_view name;  // A literal of the caller.
    Fd fd;                  // None: there is no such file.
  };
  struct Directory {
    std::uint64_t inode = 0;
    bool entered = false;
    std::vector<File> files;
  };

  void Forget(Directory& directory);
  Fact<std::string_view> OpenAndRead(int directory, const char* name, ReadBuffer& buffer);

  const std::size_t most_;
  Rotation rotation_{Timestamp{}, Timestamp{}, std::chrono::nanoseconds(1)};
  std::size_t count_ = 0;
  std::unordered_map<std::string, Directory> directories_;
  Directory* here_ = nullptr;
};

}  // namespace hullmark
