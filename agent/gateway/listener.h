// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "agent/base/file.h"
#include "hullmark/result.h"

namespace hullmark {

// Where clients connect: "127.0.0.1:9723", "[::1]:9723", ":9723" (every address) or
// "unix:/run/hullmark/http.sock". Addresses are numbers: a name server decides nothing here.
struct ListenAddress {
  std::string host{};  // "" of ":9723".
  std::string port{};  // Port 0: one that is free.
  std::string path{};  // Of a unix socket; then the others are "".
};

Result<ListenAddress> ParseListenAddress(std::string_view text);

// Binds and listens, non-blocking. A socket file that nobody listens on any more is replaced; one
// that somebody serves, or anything else at the path, is an error, and so is a directory that
// another user could change, see OpenTrustedDirectory. The last part of the directory is made if it
// is missing, 0755. The socket is 0660 whatever the umask is, and connecting takes the right to
// write: its owner and its group may, which is the directory's where that is setgid. Error: names
// the address.
Result<Fd> ListenOn(const ListenAddress& address, std::string_view text);

}  // namespace hullmark
