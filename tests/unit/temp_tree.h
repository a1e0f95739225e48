// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <ios>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>

#include "agent/base/file.h"

namespace hullmark {

// Whether a test can go on as another user: it has to be root, and others must get below "/".
inline bool CanBecomeAnother() {
  struct stat root = {};
  return geteuid() == 0 && stat("/", &root) == 0 && (root.st_mode & S_IXOTH) != 0;
}

// A directory of its own for one test; paths are below it. It is gone with the test.
class TempTree {
 public:
  TempTree() {
    std::string pattern = (std::filesystem::temp_directory_path() / "hullmark-XXXXXX").string();
    top_ = mkdtemp(pattern.data());
  }
  TempTree(const TempTree&) = delete;
  TempTree& operator=(const TempTree&) = delete;
  ~TempTree() { std::filesystem::remove_all(top_); }

  std::string Path(std::string_view path) const { return (top_ / path).string(); }

  void MakeDirectory(std::string_view path) const {
    std::filesystem::create_directories(top_ / path);
  }

  void Write(std::string_view path, std::string_view text) const {
    std::filesystem::create_directories((top_ / path).parent_path());
    std::ofstream(top_ / path, std::ios::binary | std::ios::trunc) << text;
  }

  // Replaces what is there.
  void Link(std::string_view path, std::string_view target) const {
    std::filesystem::create_directories((top_ / path).parent_path());
    std::filesystem::remove(top_ / path);
    std::filesystem::create_symlink(target, top_ / path);
  }

  void MakeFifo(std::string_view path) const { mkfifo(Path(path).c_str(), 0600); }

  void Remove(std::string_view path) const { std::filesystem::remove_all(top_ / path); }

  std::string Text(std::string_view path) const {
    std::ifstream file(top_ / path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  Fd Open(std::string_view path = ".") const {
    return std::move(OpenDirectory(AT_FDCWD, Path(path).c_str()).value());
  }

 private:
  std::filesystem::path top_;
};

}  // namespace hullmark
