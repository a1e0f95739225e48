// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string>

namespace hullmark {

// Whom a connection is counted for: an IPv4 address, the /64 network of an IPv6 one (whoever has
// one address there has them all), or the user at the other end of a unix socket.
using ClientKey = std::array<std::uint8_t, 17>;

ClientKey ClientOf(int connected);

// "127.0.0.1:41234" of a listening or connected socket; "unix" of one without an address.
std::string LocalAddressOf(int socket);

// Whether who is connected is on this host: over a unix socket, or from a loopback address to one.
// The local address alone says little: with route_localnet others reach 127.0.0.1 too. A proxy on
// this host is local, whoever it asks for.
bool IsLocal(int connected);

}  // namespace hullmark
