// SPDX-License-Identifier: Apache-2.0
#include "agent/collect/kept_files.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "agent/base/file.h"
#include "hullmark/result.h"

namespace hullmark {

Fact<int> CgroupDirectory::Open() {
  if (!fd_) {
    auto opened = OpenDirectory(root_.get(), path_.c_str());
    // Absent is not what its files are.
    if (!opened && opened.error().code == ErrorCode::kNotFound)
      return Missing(ErrorCode::kVanished);
    if (!opened) return std::unexpected(opened.error());
    fd_ = std::move(*opened);
  }
  return fd_.get();
}

void KeptFiles::Forget(Directory& directory) {
  count_ -= static_cast<std::size_t>(
      std::ranges::count_if(directory.files, [](const File& file) { return bool{file.fd}; }));
  directory.files.clear();
}

void KeptFiles::Enter(const std::string& path, std::uint64_t inode) {
  here_ = nullptr;
  auto at = directories_.find(path);
  if (at == directories_.end()) {
    if (count_ >= most_) return;
    at = directories_.try_emplace(path).first;
  }
  here_ = &at->second;
  here_->entered = true;
  if (here_->inode == inode && !rotation_.IsDue(inode)) return;
  Forget(*here_);
  here_->inode = inode;
}

Fact<std::string_view> KeptFiles::Read(CgroupDirectory& directory, const char* name,
                                       ReadBuffer& buffer) {
  const auto files = here_ != nullptr ? std::span(here_->files) : std::span<File>();
  const auto known = std::ranges::find(files, std::string_view(name), &File::name);
  if (known != files.end()) {
    if (!known->fd) return Missing(ErrorCode::kNotFound, ENOENT);
    const auto text = buffer.ReadAgain(known->fd.get());
    if (text || text.error().code == ErrorCode::kTruncated) return text;
    Forget(*here_);  // ENODEV: the cgroup is gone.
  }
  const auto opened = directory.Open();
  if (!opened) return std::unexpected(opened.error());
  if (here_ == nullptr || count_ >= most_) return buffer.Read(*opened, name);
  return OpenAndRead(*opened, name, buffer);
}

Fact<std::string_view> KeptFiles::OpenAndRead(int directory, const char* name, ReadBuffer& buffer) {
  Fd file(openat(directory, name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  if (!file) {
    const Fault fault = FaultOfErrno();
    if (fault.error_number == ENOENT) here_->files.push_back({.name = name, .fd = Fd()});
    return std::unexpected(fault);
  }
  const auto text = buffer.ReadAgain(file.get());
  if (!text) return text;
  here_->files.push_back({.name = name, .fd = std::move(file)});
  ++count_;
  return text;
}

void KeptFiles::EndLook() {
  here_ = nullptr;
  for (auto at = directories_.begin(); at != directories_.end();) {
    if (std::exchange(at->second.entered, false)) {
      ++at;
      continue;
    }
    Forget(at->second);
    at = directories_.erase(at);
  }
}

}  // namespace hullmark
