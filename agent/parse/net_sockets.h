// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "hullmark/result.h"

namespace hullmark {

// A UNIX socket with a name. The name is what its owner bound, in the owner's mount namespace.
struct UnixSocket {
  std::string path;  // '@' first: abstract.
  bool listening = false;
  std::uint64_t inode = 0;

  friend bool operator==(const UnixSocket&, const UnixSocket&) = default;
};

// Parses /proc/net/unix, see proc_pid_net(5). The kernel does not escape newlines in names: lines
// that are no entry are passed over as the rest of one, and a name may forge a whole line. So a
// socket listed here may not exist, but none can hide. kMalformed when the header is not there.
Fact<std::vector<UnixSocket>> ParseNetUnix(std::string_view text);

struct TcpListener {
  std::string address;  // "127.0.0.1", "::"
  bool loopback = false;
  bool wildcard = false;
  std::uint16_t port = 0;
  std::uint64_t inode = 0;

  friend bool operator==(const TcpListener&, const TcpListener&) = default;
};

// Parses /proc/net/tcp, or tcp6 with `v6`; sockets in another state than LISTEN are passed over.
// IPv4 addresses mapped into IPv6 count as loopback and wildcard as they do in IPv4.
Fact<std::vector<TcpListener>> ParseNetTcp(std::string_view text, bool v6);

}  // namespace hullmark
