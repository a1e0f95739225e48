// SPDX-License-Identifier: Apache-2.0
#include "agent/base/write.h"

#include <sys/types.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <string_view>

namespace hullmark {

Written WriteAll(int fd, std::string_view bytes) {
  Written written;
  while (written.bytes < bytes.size()) {
    const auto rest = bytes.substr(written.bytes);
    const ssize_t count = write(fd, rest.data(), rest.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) {
      written.error_number = count < 0 ? errno : EIO;
      break;
    }
    written.bytes += static_cast<std::size_t>(count);
  }
  return written;
}

}  // namespace hullmark
