// SPDX-License-Identifier: Apache-2.0
#include "agent/cli/output.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <expected>
#include <functional>
#include <string>
#include <string_view>

#include "agent/base/file.h"
#include "agent/encode/json_writer.h"
#include "hullmark/result.h"

namespace hullmark {
namespace {

// Writes everything; remembers the first failure and is silent from then on.
class Writer {
 public:
  explicit Writer(int fd) : fd_(fd) {}
  void operator()(std::string_view bytes) {
    while (!bytes.empty() && error_ == 0) {
      const ssize_t written = write(fd_, bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) {
        error_ = errno;
        return;
      }
      bytes.remove_prefix(static_cast<std::size_t>(written));
    }
  }
  int error() const { return error_; }

 private:
  int fd_;
  int error_ = 0;
};

std::unexpected<Error> FailWith(const std::string& path, int number) {
  return Fail(CodeOfErrno(number), path + ": " + std::strerror(number));
}

Result<void> WriteTo(int fd, const std::string& name,
                     const std::function<void(const ByteSink&)>& write_document) {
  Writer writer(fd);
  write_document(std::ref(writer));
  if (writer.error() != 0) return FailWith(name, writer.error());
  return {};
}

bool IsStream(mode_t mode) { return S_ISCHR(mode) || S_ISFIFO(mode); }

// What lies at the path may change between two looks: what was opened has to be a stream too.
Result<void> WriteToStream(const std::string& path,
                           const std::function<void(const ByteSink&)>& write_document) {
  const Fd stream(open(path.c_str(), O_WRONLY | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY));
  struct stat status = {};
  if (!stream || fstat(stream.get(), &status) != 0) return FailWith(path, errno);
  if (!IsStream(status.st_mode)) return FailWith(path, EEXIST);
  return WriteTo(stream.get(), path, write_document);
}

Result<void> ReplaceFile(const std::string& path,
                         const std::function<void(const ByteSink&)>& write_document) {
  std::string draft = path + ".XXXXXX";
  const Fd file(mkostemp(draft.data(), O_CLOEXEC));
  if (!file) return FailWith(path, errno);
  Result<void> written = WriteTo(file.get(), path, write_document);
  constexpr mode_t kOwnerWrites = 0644;
  const mode_t mask = umask(0);
  umask(mask);
  if (written && (fchmod(file.get(), kOwnerWrites & ~mask) != 0 || fsync(file.get()) != 0 ||
                  rename(draft.c_str(), path.c_str()) != 0)) {
    written = FailWith(path, errno);
  }
  if (!written) unlink(draft.c_str());
  return written;
}

}  // namespace

bool IsStandardOutput(const std::string& path) {
  return path.empty() || path == "-" || path == "/dev/stdout";
}

Result<void> WriteOutput(const std::string& path,
                         const std::function<void(const ByteSink&)>& write_document) {
  if (IsStandardOutput(path)) return WriteTo(STDOUT_FILENO, "standard output", write_document);
  struct stat status = {};
  const bool exists = lstat(path.c_str(), &status) == 0;
  if (!exists && errno != ENOENT) return FailWith(path, errno);
  if (exists && IsStream(status.st_mode)) return WriteToStream(path, write_document);
  if (!exists || S_ISREG(status.st_mode)) return ReplaceFile(path, write_document);
  return Fail(ErrorCode::kMalformed,
              path + (S_ISLNK(status.st_mode)
                          ? ": a symbolic link is neither followed nor replaced: name the file"
                          : ": neither a file nor a device or pipe that could be written to"));
}

}  // namespace hullmark
