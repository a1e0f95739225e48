// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon/service.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>

#include "agent/base/file.h"
#include "hullmark/result.h"

namespace hullmark {

void TellService(const std::string& state) { sd_notify(0, state.c_str()); }

Result<Fd> TakePassedSocket() {
  const int count = sd_listen_fds(1);
  if (count != 1) {
    return Fail(ErrorCode::kMalformed, "one socket of a socket unit is needed, there are " +
                                           std::to_string(std::max(count, 0)));
  }
  constexpr int kListening = 1;
  if (sd_is_socket(SD_LISTEN_FDS_START, AF_UNIX, SOCK_SEQPACKET, kListening) <= 0) {
    return Fail(ErrorCode::kMalformed, "the socket unit needs ListenSequentialPacket=");
  }
  return Fd(SD_LISTEN_FDS_START);
}

ServiceLine ServiceLine::Open() {
  const char* const place = getenv("NOTIFY_SOCKET");
  const std::string_view path(place == nullptr ? "" : place);
  sockaddr_un name = {};
  name.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof name.sun_path) return ServiceLine(Fd());
  std::ranges::copy(path, std::begin(name.sun_path));
  if (path.front() == '@') name.sun_path[0] = '\0';  // In the abstract namespace.
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
  Fd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket || connect(socket.get(), reinterpret_cast<const sockaddr*>(&name), length) != 0) {
    return ServiceLine(Fd());
  }
  return ServiceLine(std::move(socket));
}

// What is not heard, because nobody is there or too much waits, is not worth waiting for.
void ServiceLine::Say(const std::string& state) const {
  if (socket_) send(socket_.get(), state.data(), state.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
}

}  // namespace hullmark
