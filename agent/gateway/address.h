// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace hullmark {

// Whom a connection is counted for: an IPv4 address, the /64 network of an IPv6 one (whoever has
// one address there has them all), or the user at the other end of a unix socket.
using ClientKey = std::array<std::uint8_t, 17>;

ClientKey ClientOf(int connected);

// "127.0.0.1:41234" of a listening or connected socket; "unix" of one without an address.
std::string LocalAddressOf(int socket);

// Where who is connected comes from. Loopback: from a loopback address to one; the local address
// alone says little, with route_localnet others reach 127.0.0.1 too. A proxy on this host is local,
// whoever it asks for.
enum class Origin : std::uint8_t { kElsewhere, kLoopback, kUnixSocket };
Origin OriginOf(int connected);

// Whether a Host header names an address or localhost, "" included: a browser that another site has
// sent here by a name of its own (DNS rebinding) says that name.
bool IsAddressOrLocalhost(std::string_view host);

}  // namespace hullmark
