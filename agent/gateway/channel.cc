// SPDX-License-Identifier: Apache-2.0
#include "agent/gateway/channel.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "agent/base/file.h"
#include "agent/base/packets.h"
#include "agent/gateway/answer.h"
#include "agent/gateway/requests.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"

namespace hullmark {
namespace {

constexpr std::uint32_t kDocumentsMessage = 0x484d4401;  // "HMD" and the version of the messages.
constexpr std::uint32_t kStateMessage = 0x484d5303;
constexpr std::uint32_t kOrderMessage = 0x484d4f01;

struct DocumentsMessage {
  std::uint32_t kind = kDocumentsMessage;
  std::uint32_t what = 0;  // A Sending.
  std::uint64_t sequence = 0;
};

struct StateMessage {
  std::uint32_t kind = kStateMessage;
  std::uint32_t listening = 0;
  std::uint64_t received = 0;
  std::uint64_t refused = 0;
  RequestCounts requests{};
};

struct OrderMessage {
  std::uint32_t kind = kOrderMessage;
  std::uint32_t api = 0;
  std::array<char, ServeOrder::kMostBytes> listen{};  // Each address ends in a NUL; "" is the end.
};

template <typename Message>
Sent SendMessage(const PacketSocket& socket, const Message& message, int passed) {
  return socket.Send({reinterpret_cast<const char*>(&message), sizeof message}, passed);
}

template <typename Message>
struct Incoming {
  Message message{};
  Packet packet;
};

template <typename Message>
Result<std::optional<Incoming<Message>>> ReceiveMessage(const PacketSocket& socket) {
  constexpr std::size_t kPassed = std::is_same_v<Message, DocumentsMessage> ? 1 : 0;
  Incoming<Message> incoming;
  const std::uint32_t kind = incoming.message.kind;
  auto packet =
      socket.Receive({reinterpret_cast<char*>(&incoming.message), sizeof(Message)}, kPassed);
  if (!packet) return std::unexpected(packet.error());
  if (!*packet) return std::nullopt;
  incoming.packet = *std::move(*packet);
  if (incoming.packet.bytes != sizeof(Message) || incoming.message.kind != kind ||
      incoming.packet.passed.size() != kPassed) {
    return Fail(ErrorCode::kMalformed, "gateway channel: not one of our messages");
  }
  return incoming;
}

}  // namespace

Result<Channel> Channel::Adopt(Fd socket) {
  auto adopted = PacketSocket::Adopt(std::move(socket));
  if (!adopted) return std::unexpected(adopted.error());
  return Channel(std::move(*adopted));
}

Result<std::pair<Channel, Fd>> Channel::MakePair() {
  auto ends = PacketSocket::MakePair();
  if (!ends) return std::unexpected(ends.error());
  return std::pair(Channel(std::move(ends->first)), std::move(ends->second));
}

Sent Channel::SendDocuments(const Fd& documents, std::uint64_t sequence) const {
  return SendMessage(socket_, DocumentsMessage{.sequence = sequence}, documents.get());
}

Sent Channel::SendWebSettings(const Fd& settings) const {
  return SendMessage(socket_, DocumentsMessage{.what = std::to_underlying(Sending::kWebSettings)},
                     settings.get());
}

Sent Channel::SendState(const GatewayState& state) const {
  return SendMessage(socket_,
                     StateMessage{.listening = state.listening ? 1U : 0U,
                                  .received = state.received,
                                  .refused = state.refused ? 1U : 0U,
                                  .requests = state.requests},
                     -1);
}

Result<std::optional<ReceivedDocuments>> Channel::ReceiveDocuments() const {
  auto incoming = ReceiveMessage<DocumentsMessage>(socket_);
  if (!incoming) return std::unexpected(incoming.error());
  auto& whole = *incoming;
  if (!whole) return std::nullopt;
  const bool web = whole->message.what == std::to_underlying(Sending::kWebSettings);
  return ReceivedDocuments{.what = web ? Sending::kWebSettings : Sending::kDocuments,
                           .file = std::move(whole->packet.passed.front()),
                           .sequence = whole->message.sequence};
}

Result<std::optional<GatewayState>> Channel::ReceiveState() const {
  const auto incoming = ReceiveMessage<StateMessage>(socket_);
  if (!incoming) return std::unexpected(incoming.error());
  const auto& whole = *incoming;
  if (!whole) return std::nullopt;
  const StateMessage& message = whole->message;
  return GatewayState{.listening = message.listening != 0,
                      .received = message.received,
                      .refused = message.refused != 0,
                      .requests = message.requests,
                      .sender = whole->packet.sender.value_or(Pid{})};
}

Sent Channel::SendOrder(const ServeOrder& order) const {
  OrderMessage message{.api = static_cast<std::uint32_t>(order.api)};
  std::size_t used = 0;
  for (const std::string& address : order.listen) {
    if (used + address.size() + 2 > message.listen.size()) break;
    std::memcpy(&message.listen[used], address.data(), address.size());
    used += address.size() + 1;
  }
  return SendMessage(socket_, message, -1);
}

Result<std::optional<ServeOrder>> Channel::ReceiveOrder() const {
  const auto incoming = ReceiveMessage<OrderMessage>(socket_);
  if (!incoming) return std::unexpected(incoming.error());
  const auto& whole = *incoming;
  if (!whole) return std::nullopt;
  const OrderMessage& message = whole->message;
  if (message.api > static_cast<std::uint32_t>(ApiRule::kOff) || message.listen.back() != '\0') {
    return Fail(ErrorCode::kMalformed, "gateway channel: not one of our messages");
  }
  ServeOrder order{.api = static_cast<ApiRule>(message.api)};
  std::string_view rest(message.listen.data(), message.listen.size());
  for (std::size_t end = rest.find('\0'); end != 0 && end != std::string_view::npos;
       end = rest.find('\0')) {
    order.listen.emplace_back(rest.substr(0, end));
    rest.remove_prefix(end + 1);
  }
  return order;
}

}  // namespace hullmark
