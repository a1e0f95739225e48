// SPDX-License-Identifier: Apache-2.0
#include "agent/bpf/iteration.h"

#include <bpf/bpf.h>
#include <sys/types.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include "agent/base/file.h"
#include "hullmark/result.h"

namespace hullmark {
namespace {

std::unexpected<Error> Failed() {
  return Fail(ErrorCode::kIo, "bpf: the tasks: " + std::string(std::strerror(errno)));
}

}  // namespace

Result<void> Iterate(int link, std::size_t size, const std::function<void(const char*)>& take) {
  // What the kernel gives at once; a record may be cut in two.
  constexpr std::size_t kChunk = std::size_t{32} << 10;
  const Fd pass(bpf_iter_create(link));
  if (!pass) return Failed();
  std::vector<char> bytes(kChunk + size);
  std::size_t have = 0;
  while (true) {
    const ssize_t got = read(pass.get(), bytes.data() + have, kChunk);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (got < 0) return Failed();
    if (got == 0) break;
    have += static_cast<std::size_t>(got);
    std::size_t used = 0;
    for (; have - used >= size; used += size) take(bytes.data() + used);
    have -= used;
    std::memmove(bytes.data(), bytes.data() + used, have);
  }
  if (have != 0) return Fail(ErrorCode::kIo, "bpf: the tasks: the last record is cut");
  return {};
}

}  // namespace hullmark
