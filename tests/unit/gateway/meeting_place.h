// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>

#include "agent/base/file.h"

namespace hullmark {

// A listening socket as systemd makes one for a gateway.
inline Fd ListenForInspectors(const std::string& path) {
  sockaddr_un name = {};
  name.sun_family = AF_UNIX;
  std::ranges::copy(path, std::begin(name.sun_path));
  Fd listening(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  const bool bound =
      bind(listening.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name) == 0 &&
      listen(listening.get(), 8) == 0;
  return bound ? std::move(listening) : Fd();
}

}  // namespace hullmark
