// SPDX-License-Identifier: Apache-2.0
#include "agent/gateway/gateway.h"

#include <malloc.h>
#include <unistd.h>

#include <cstdint>
#include <memory>
#include <utility>

#include "agent/base/memory.h"
#include "agent/gateway/channel.h"
#include "agent/gateway/documents.h"
#include "agent/gateway/server.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"

namespace hullmark {
namespace {

// What passes between the channel and the server.
class Feed {
 public:
  Feed(Channel channel, Server& server, std::function<void(const std::string&)> warn)
      : channel_(std::move(channel)), server_(server), warn_(std::move(warn)) {}

  int fd() const { return channel_.fd(); }

  // Takes the newest of the documents that wait. What cannot be opened is acknowledged as well: the
  // inspector sends nothing while it waits for that. False: the inspector is gone.
  bool Take() {
    while (true) {
      const auto file = channel_.ReceiveDocuments();
      if (!file) {
        if (file.error().code != ErrorCode::kVanished) warn_(file.error().message);
        return false;
      }
      if (!*file) break;
      const bool first = std::exchange(received_, (*file)->sequence) == 0;
      auto documents = Documents::Open((*file)->file);
      refused_ = !documents;
      if (!documents) {
        warn_(documents.error().message);
        continue;
      }
      server_.Publish(std::move(*documents));
      if (first) ReleaseMemory();
    }
    Tell();
    return true;
  }

  // A message that the inspector has no room for is superseded by the next one.
  void Tell() {
    channel_.SendState({.listening = true,
                        .received = received_,
                        .refused = refused_,
                        .requests = server_.Counts()});
  }

 private:
  Channel channel_;
  Server& server_;
  std::function<void(const std::string&)> warn_;
  std::uint64_t received_ = 0;
  bool refused_ = false;
};

}  // namespace

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
