// SPDX-License-Identifier: Apache-2.0
#include "agent/cli/output.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
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

}  // namespace

Result<void> WriteOutput(const std::string& path,
                         const std::function<void(const ByteSink&)>& write_document) {
  if (path.empty()) {
    Writer writer(STDOUT_FILENO);
    write_document(std::ref(writer));
    if (writer.error() != 0) return FailWith("standard output", writer.error());
    return {};
  }
  std::string draft = path + ".XXXXXX";
  const Fd file(mkostemp(draft.data(), O_CLOEXEC));
  if (!file) return FailWith(path, errno);
  Writer writer(file.get());
  write_document(std::ref(writer));
  constexpr mode_t kOwnerWrites = 0644;
  const mode_t mask = umask(0);
  umask(mask);
  int error = writer.error();
  if (error == 0 && (fchmod(file.get(), kOwnerWrites & ~mask) != 0 || fsync(file.get()) != 0 ||
                     rename(draft.c_str(), path.c_str()) != 0)) {
    error = errno;
  }
  if (error != 0) {
    unlink(draft.c_str());
    return FailWith(path, error);
  }
  return {};
}

}  // namespace hullmark
