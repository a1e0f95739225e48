// SPDX-License-Identifier: Apache-2.0
#include "agent/gateway/meeting.h"

#include <expected>
#include <optional>
#include <string>
#include <utility>

#include "agent/base/file.h"
#include "agent/base/packets.h"
#include "agent/gateway/channel.h"
#include "hullmark/result.h"

namespace hullmark {

Result<Channel> JoinGateway(const std::string& path) {
  auto socket = JoinAt(path);
  if (!socket) return std::unexpected(socket.error());
  return Channel(std::move(*socket));
}

Result<InspectorSocket> InspectorSocket::Adopt(Fd listening) {
  auto socket = PacketListener::Adopt(std::move(listening));
  if (!socket) return std::unexpected(socket.error());
  return InspectorSocket(std::move(*socket));
}

Result<std::optional<Channel>> InspectorSocket::Accept() const {
  auto socket = socket_.Accept();
  if (!socket) return std::unexpected(socket.error());
  auto& accepted = *socket;
  if (!accepted) return std::nullopt;
  return Channel(std::move(*accepted));
}

}  // namespace hullmark
