// SPDX-License-Identifier: Apache-2.0
#include "agent/base/replace.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <expected>
#include <string>
#include <string_view>

#include "agent/base/file.h"
#include "agent/base/write.h"
#include "hullmark/result.h"

namespace hullmark {
namespace {

std::unexpected<Error> FailOn(const std::string& path, int number) {
  return Fail(CodeOfErrno(number), path + ": " + std::strerror(number));
}

// The errno of the first failure, 0 for none.
int WriteForAll(int fd, std::string_view bytes) {
  const int failed = WriteAll(fd, bytes).error_number;
  if (failed != 0) return failed;
  constexpr mode_t kAllRead = 0644;
  return fchmod(fd, kAllRead) != 0 || fsync(fd) != 0 ? errno : 0;
}

}  // namespace

Result<void> ReplaceIn(const Fd& directory, const std::string& place, const std::string& name,
                       std::string_view bytes) {
  const std::string path = place + "/" + name;
  struct stat status = {};
  const bool exists = fstatat(directory.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0;
  if (!exists && errno != ENOENT) return FailOn(path, errno);
  if (exists && !S_ISREG(status.st_mode)) {
    return Fail(ErrorCode::kMalformed, path + ": not a regular file: it is not replaced");
  }
  // A name of this process's own: what another run has left there is in nobody's use.
  const std::string draft = "." + name + "." + std::to_string(getpid());
  unlinkat(directory.get(), draft.c_str(), 0);
  constexpr mode_t kOwner = 0600;
  const Fd file(openat(directory.get(), draft.c_str(),
                       O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, kOwner));
  if (!file) return FailOn(path, errno);
  int error = WriteForAll(file.get(), bytes);
  if (error == 0 && renameat(directory.get(), draft.c_str(), directory.get(), name.c_str()) != 0) {
    error = errno;
  }
  if (error == 0) return {};
  unlinkat(directory.get(), draft.c_str(), 0);
  return FailOn(path, error);
}

}  // namespace hullmark
