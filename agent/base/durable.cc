// SPDX-License-Identifier: Apache-2.0
#include "agent/base/durable.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/types.h>

#include <cerrno>
#include <cstring>
#include <expected>
#include <string>
#include <utility>

#include "agent/base/file.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"

namespace hullmark {
namespace {

constexpr mode_t kOwnMode = 0640;

}  // namespace

std::unexpected<Error> FailWithErrno(const std::string& place, int error_number) {
  return Fail(CodeOfErrno(error_number), place + ": " + std::strerror(error_number));
}

void MakeIfMissing(const std::string& directory) {
  constexpr mode_t kOwnerAlone = 0700;
  static_cast<void>(mkdir(directory.c_str(), kOwnerAlone));
}

std::string DirectoryOf(const std::string& path) {
  const auto end = path.find_last_of('/');
  if (end == std::string::npos) return ".";
  return end == 0 ? "/" : path.substr(0, end);
}

Result<Fd> OpenOwn(int directory, const std::string& name, int flags, Uid user,
                   const std::string& place) {
  constexpr int kCareful = O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
  Fd file(openat(directory, name.c_str(), flags | kCareful, kOwnMode));
  if (!file && errno == ELOOP) {
    return Fail(ErrorCode::kDenied, place + ": a symbolic link is not followed");
  }
  if (!file) return FailWithErrno(place, errno);
  struct stat status = {};
  if (fstat(file.get(), &status) != 0) return FailWithErrno(place, errno);
  if (!S_ISREG(status.st_mode)) return Fail(ErrorCode::kMalformed, place + ": not a regular file");
  if (status.st_nlink > 1) {
    return Fail(ErrorCode::kDenied, place + ": not trusted: it has other names (hard links)");
  }
  const bool owned = status.st_uid == 0 || status.st_uid == std::to_underlying(user);
  if (!owned || (status.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return Fail(ErrorCode::kDenied, place + ": not trusted: others may write to it");
  }
  return file;
}

}  // namespace hullmark
