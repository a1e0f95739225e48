// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/types.h>

#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "agent/base/file.h"
#include "agent/gateway/address.h"
#include "agent/gateway/connection.h"
#include "agent/gateway/wire.h"

namespace hullmark {

inline void Say(const Fd& client, std::string_view text) {
  EXPECT_EQ(send(client.get(), text.data(), text.size(), MSG_NOSIGNAL),
            static_cast<ssize_t>(text.size()));
}

inline std::string ReadToEnd(const Fd& client) {
  std::string text;
  std::array<char, 65536> piece;
  while (true) {
    const ssize_t got = recv(client.get(), piece.data(), piece.size(), 0);
    if (got <= 0) return text;
    text.append(piece.data(), static_cast<std::size_t>(got));
  }
}

// What comes up to and with `end`.
inline std::string ReadUntil(const Fd& client, std::string_view end) {
  std::string text;
  char byte = 0;
  while (!text.ends_with(end) && recv(client.get(), &byte, 1, 0) == 1) text += byte;
  return text;
}

inline std::string Body(const std::string& answer) {
  return answer.substr(answer.find("\r\n\r\n") + 4);
}

inline std::string Status(const std::string& answer) { return answer.substr(0, 12); }

inline std::string HeaderOf(const std::string& answer, const std::string& name) {
  const auto begin = answer.find("\r\n" + name + ": ");
  if (begin == std::string::npos || begin > answer.find("\r\n\r\n")) return "";
  const auto value = begin + name.size() + 4;
  return answer.substr(value, answer.find("\r\n", value) - value);
}

// A client and its connection, without a server between them.
struct Pair {
  Fd client;
  std::unique_ptr<Connection> connection;
};

inline Pair MakePair(Connection::Moment now) {
  std::array<int, 2> ends = {-1, -1};
  EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
  return {.client = Fd(ends[0]),
          .connection = std::make_unique<Connection>(Wire(Fd(ends[1])), Origin::kUnixSocket, now)};
}

}  // namespace hullmark
