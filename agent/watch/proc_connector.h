// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <utility>

#include "agent/base/file.h"
#include "agent/watch/connector_message.h"
#include "hullmark/result.h"

namespace hullmark {

// The kernel's own word of processes that are forked, execute, end or change their ids, for hosts
// where no program may be loaded; see Documentation/driver-api/connector.rst. It takes
// CAP_NET_ADMIN, and the first network and pid namespaces. It says who, not what: who has ended
// before somebody looks remains a number.
class ProcConnector {
 public:
  // Errors: what is missing.
  static Result<ProcConnector> Open();

  int fd() const { return socket_.get(); }  // Readable when there is something.

  // Hands over what is there, at most so much; returns how many messages it was.
  std::size_t Drain(std::size_t most, const std::function<void(const ConnectorEvent&)>& take);

  // Messages that found the socket's buffer full, as far as later ones have shown it.
  std::uint64_t lost() const { return gaps_.count(); }

 private:
  explicit ProcConnector(Fd socket) : socket_(std::move(socket)) {}

  Result<void> Ask();
  // The next message, nullopt where it is none to be taken. False: there is no more.
  bool Receive(std::optional<ConnectorMessage>& message);

  Fd socket_;
  SequenceGaps gaps_;
};

}  // namespace hullmark
