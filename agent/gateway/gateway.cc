// SPDX-License-Identifier: Apache-2.0
#include "agent/gateway/gateway.h"

#include <malloc.h>
#include <unistd.h>

#include <expected>
#include <memory>
#include <utility>

#include "agent/gateway/channel.h"
#include "agent/gateway/feed.h"
#include "agent/gateway/server.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"

namespace hullmark {

Result<void> RunGateway(GatewayOptions options) {
  // Every thread with an arena of its own would keep what one large answer took.
  mallopt(M_ARENA_MAX, 1);
  auto channel = Channel::Adopt(std::move(options.channel));
  if (!channel) return std::unexpected(channel.error());
  channel->Expect(Pid{getppid()});
  const auto server = Server::Bind(options.server);
  if (!server) return std::unexpected(server.error());
  const auto confined = options.confine();
  if (!confined) return confined;
  options.listening((*server)->Addresses());
  Feed feed(std::move(*channel), **server, std::move(options.warn));
  feed.Tell();
  (*server)->Serve({.fd = feed.fd(),
                    .readable = [&feed] { return feed.Take(); },
                    .now_and_then = [&feed] { feed.Tell(); }});
  return {};
}

}  // namespace hullmark
