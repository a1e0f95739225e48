// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>

#include "agent/base/file.h"
#include "hullmark/result.h"

namespace hullmark {

// What passes between a process and the service manager that started it: see sd_notify(3) and
// sd_listen_fds(3). Where none did, nothing happens.

// Says `state`, lines such as "READY=1".
void TellService(const std::string& state);

// The one socket that a socket unit listens on for us: a SOCK_SEQPACKET socket, see unix(7). Error:
// there is none, or something else was handed over.
Result<Fd> TakePassedSocket();

// TellService for a process that may open no socket later: what it needs is opened here. Closed
// where nobody wants to be told.
class ServiceLine {
 public:
  static ServiceLine Open();

  int fd() const { return socket_.get(); }
  void Say(const std::string& state) const;

 private:
  explicit ServiceLine(Fd socket) : socket_(std::move(socket)) {}

  Fd socket_;
};

}  // namespace hullmark
