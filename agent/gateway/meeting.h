// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "agent/base/file.h"
#include "agent/base/packets.h"
#include "agent/gateway/channel.h"
#include "hullmark/result.h"

namespace hullmark {

// How an inspector and a gateway that it did not start find each other, see JoinAt.

// Connects to the gateway's socket. What the inspector has to show is for the one only whom root,
// or this process' own user, lets listen there. Error: nobody listens, or somebody else does.
Result<Channel> JoinGateway(const std::string& path);

// The gateway's side: the socket on which inspectors come.
class InspectorSocket {
 public:
  // Takes a listening descriptor.
  static Result<InspectorSocket> Adopt(Fd listening);

  int fd() const { return socket_.fd(); }

  // The next inspector that waits; nullopt: nobody does. Error kDenied: it is neither root nor this
  // process' own user.
  Result<std::optional<Channel>> Accept() const;

 private:
  explicit InspectorSocket(PacketListener socket) : socket_(std::move(socket)) {}

  PacketListener socket_;
};

}  // namespace hullmark
