// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/base/file.h"
#include "agent/base/packets.h"
#include "agent/gateway/answer.h"
#include "agent/gateway/requests.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"

namespace hullmark {

// The two ends of a SOCK_SEQPACKET connection between inspector and gateway. One sends documents as
// descriptors, the other fixed-size counters; nothing that a client sent crosses it. The kernel
// attests the sender of each message, and one of anybody else is an error.

// What the gateway says of itself.
struct GatewayState {
  bool listening = false;
  std::uint64_t received = 0;  // Sequence of the documents that came last; 0: none.
  bool refused = false;        // Those are not served: it could not open them.
  RequestCounts requests{};
  Pid sender{};  // Who said it; the kernel's word.
};

// What a gateway is to do that was not started with arguments: the first message of an inspector
// that has joined it.
struct ServeOrder {
  static constexpr std::size_t kMostBytes = 4096;  // Of all addresses together.

  std::vector<std::string> listen{};
  ApiRule api = ApiRule::kLoopback;

  bool operator==(const ServeOrder&) const = default;
};

// What is sent as a descriptor.
enum class Sending : std::uint8_t { kDocuments, kWebSettings };

// Documents, or web settings, as they come over the channel.
struct ReceivedDocuments {
  Sending what = Sending::kDocuments;
  Fd file{};
  std::uint64_t sequence = 0;
};

class Channel {
 public:
  Channel() = default;
  explicit Channel(PacketSocket socket) : socket_(std::move(socket)) {}
  // Takes a connected descriptor, see PacketSocket.
  static Result<Channel> Adopt(Fd socket);

  // Two connected ends; the second is to be inherited by a child.
  static Result<std::pair<Channel, Fd>> MakePair();

  int fd() const { return socket_.fd(); }

  // Messages from others than `peer` are refused from now on.
  void Expect(Pid peer) { socket_.Expect(peer); }

  Sent SendDocuments(const Fd& documents, std::uint64_t sequence) const;
  Sent SendWebSettings(const Fd& settings) const;
  Sent SendState(const GatewayState& state) const;
  // Addresses that do not fit are left out: see ServeOrder::kMostBytes.
  Sent SendOrder(const ServeOrder& order) const;

  // nullopt: nothing is waiting. Error kVanished: the other end is gone; kDenied: another sender;
  // kMalformed: not one of our messages.
  Result<std::optional<ReceivedDocuments>> ReceiveDocuments() const;
  Result<std::optional<GatewayState>> ReceiveState() const;
  Result<std::optional<ServeOrder>> ReceiveOrder() const;

 private:
  PacketSocket socket_;
};

}  // namespace hullmark
