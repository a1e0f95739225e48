// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/base/file.h"
#include "agent/gateway/connection.h"
#include "agent/gateway/poller.h"
#include "agent/gateway/tls.h"
#include "hullmark/result.h"

namespace hullmark {

// Where clients come in: the sockets that listen, and the TLS that is spoken there. Open at first.
class Entrance {
 public:
  // Listens on every address, or fails naming the one that cannot be had.
  static Result<Entrance> Open(const std::vector<std::string>& listen);

  // With the ports that the kernel chose.
  std::vector<std::string> Addresses() const;

  // Has `poller` tell of clients that wait: socket `at` by the tag `first_tag` + `at`.
  void Watch(const Poller& poller, std::uint64_t first_tag);

  // While it is shut, clients wait in the kernel, and the poller does not tell of them.
  void Set(const Poller& poller, bool open);
  bool IsOpen() const { return open_; }

  // Who has waited longest at socket `at`; closed: see errno.
  Fd Accept(std::size_t at) const;

  // Begins to speak with who was accepted there. nullptr: it cannot.
  std::unique_ptr<Connection> Meet(Fd socket, std::size_t at, Connection::Moment now) const;

  // What is spoken with new clients from here on. True: those who are in came in by other rules of
  // who may. Error: all stays as it was.
  Result<bool> SetTls(const std::optional<TlsSettings>& settings);

 private:
  struct Listening {
    Fd socket;
    bool unix_socket = false;  // Its clients are let in by the file's mode, without TLS.
  };

  explicit Entrance(std::vector<Listening> listening) : listening_(std::move(listening)) {}

  std::vector<Listening> listening_;
  std::uint64_t first_tag_ = 0;
  bool open_ = true;
  std::optional<TlsSettings> tls_settings_;
  std::shared_ptr<const TlsContext> tls_;
};

}  // namespace hullmark
