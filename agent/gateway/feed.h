// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>

#include "agent/base/file.h"
#include "agent/gateway/channel.h"
#include "agent/gateway/requests.h"
#include "agent/gateway/server.h"

namespace hullmark {

// What passes between the channel and the server.
class Feed {
 public:
  using Warn = std::function<void(const std::string& message)>;

  // `told`: requests that other inspectors were told of.
  Feed(Channel channel, Server& server, Warn warn, const RequestCounts& told = {})
      : channel_(std::move(channel)),
        server_(server),
        warn_(std::move(warn)),
        before_(told),
        told_(told) {}

  int fd() const { return channel_.fd(); }

  // Takes the newest of the documents that wait, and web settings. What cannot be opened is
  // acknowledged as well: the inspector sends nothing while it waits for that. False: the inspector
  // is gone, or has sent no settings that clients can be met by.
  bool Take();

  // Tells how it stands. A message that the inspector has no room for is superseded by the next
  // one.
  void Tell();

  // Requests that this and other inspectors were told of.
  const RequestCounts& told() const { return told_; }

 private:
  void Show(ReceivedDocuments received);
  bool Apply(const Fd& file);

  Channel channel_;
  Server& server_;
  Warn warn_;
  RequestCounts before_, told_;
  std::uint64_t received_ = 0;
  bool refused_ = false;
};

}  // namespace hullmark
