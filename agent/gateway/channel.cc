// SPDX-License-Identifier: Apache-2.0
#include "agent/gateway/channel.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/types.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "agent/base/file.h"
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

std::unexpected<Error> FailWith(int number) {
  return Fail(CodeOfErrno(number), std::string("gateway channel: ") + std::strerror(number));
}

// Room for one descriptor and the sender's identity. Padding leaves room for a second descriptor:
// whoever receives must look at all that came.
struct Ancillary {
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int)) + CMSG_SPACE(sizeof(ucred))> bytes{};
};

template <typename Message>
Sent SendMessage(int socket, const Message& message, int passed) {
  iovec part = {.iov_base = const_cast<Message*>(&message), .iov_len = sizeof message};
  Ancillary ancillary;
  msghdr header = {};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  if (passed >= 0) {
    header.msg_control = ancillary.bytes.data();
    header.msg_controllen = CMSG_SPACE(sizeof passed);
    cmsghdr* const rights = CMSG_FIRSTHDR(&header);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof passed);
    std::memcpy(CMSG_DATA(rights), &passed, sizeof passed);
  }
  while (true) {
    if (sendmsg(socket, &header, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0) return Sent::kSent;
    if (errno == EAGAIN || errno == ENOBUFS || errno == ETOOMANYREFS) return Sent::kFull;
    if (errno != EINTR) return Sent::kGone;
  }
}

template <typename Message>
struct Incoming {
  Message message{};
  std::vector<Fd> passed;
  std::optional<Pid> sender;
};

// Takes what came with a message. Whatever else happens, each passed descriptor has an owner.
template <typename Message>
void TakeAncillary(msghdr& header, Incoming<Message>& incoming) {
  for (cmsghdr* part = CMSG_FIRSTHDR(&header); part != nullptr; part = CMSG_NXTHDR(&header, part)) {
    if (part->cmsg_level != SOL_SOCKET) continue;
    if (part->cmsg_type == SCM_RIGHTS) {
      const std::size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
      for (std::size_t at = 0; at < count; ++at) {
        int passed = -1;
        std::memcpy(&passed, CMSG_DATA(part) + at * sizeof passed, sizeof passed);
        incoming.passed.emplace_back(passed);
      }
    } else if (part->cmsg_type == SCM_CREDENTIALS) {
      ucred sender = {};
      std::memcpy(&sender, CMSG_DATA(part), sizeof sender);
      incoming.sender = Pid{sender.pid};
    }
  }
}

template <typename Message>
Result<std::optional<Incoming<Message>>> ReceiveMessage(int socket, std::optional<Pid> peer) {
  constexpr std::size_t kPassed = std::is_same_v<Message, DocumentsMessage> ? 1 : 0;
  Incoming<Message> incoming;
  const std::uint32_t kind = incoming.message.kind;
  iovec part = {.iov_base = &incoming.message, .iov_len = sizeof(Message)};
  Ancillary ancillary;
  msghdr header = {};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = ancillary.bytes.data();
  // Without room the kernel keeps descriptors to itself and says MSG_CTRUNC.
  header.msg_controllen = kPassed > 0 ? ancillary.bytes.size() : CMSG_SPACE(sizeof(ucred));
  ssize_t got = -1;
  do {
    got = recvmsg(socket, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  } while (got < 0 && errno == EINTR);
  if (got < 0 && errno == EAGAIN) return std::nullopt;
  if (got == 0 || (got < 0 && errno == ECONNRESET)) {
    return Fail(ErrorCode::kVanished, "gateway channel: closed");
  }
  if (got < 0) return FailWith(errno);
  TakeAncillary(header, incoming);
  if (peer && incoming.sender != peer) {
    return Fail(ErrorCode::kDenied, "gateway channel: a message from another process");
  }
  if (got != ssize_t{sizeof(Message)} || (header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0 ||
      incoming.message.kind != kind || incoming.passed.size() != kPassed) {
    return Fail(ErrorCode::kMalformed, "gateway channel: not one of our messages");
  }
  return incoming;
}

}  // namespace

Result<Channel> Channel::Adopt(Fd socket) {
  const int on = 1;
  const int flags = fcntl(socket.get(), F_GETFL);
  if (flags < 0 || fcntl(socket.get(), F_SETFL, flags | O_NONBLOCK) != 0 ||
      fcntl(socket.get(), F_SETFD, FD_CLOEXEC) != 0 ||
      setsockopt(socket.get(), SOL_SOCKET, SO_PASSCRED, &on, sizeof on) != 0) {
    return FailWith(errno);
  }
  return Channel(std::move(socket));
}

Result<std::pair<Channel, Fd>> Channel::MakePair() {
  std::array<int, 2> ends = {-1, -1};
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return FailWith(errno);
  }
  Fd ours(ends[0]);
  Fd theirs(ends[1]);
  // Set on both before anything is sent: a message carries its sender only when it was on by then.
  const int on = 1;
  if (setsockopt(theirs.get(), SOL_SOCKET, SO_PASSCRED, &on, sizeof on) != 0) {
    return FailWith(errno);
  }
  auto channel = Adopt(std::move(ours));
  if (!channel) return std::unexpected(channel.error());
  return std::pair(std::move(*channel), std::move(theirs));
}

Sent Channel::SendDocuments(const Fd& documents, std::uint64_t sequence) const {
  return SendMessage(socket_.get(), DocumentsMessage{.sequence = sequence}, documents.get());
}

Sent Channel::SendWebSettings(const Fd& settings) const {
  return SendMessage(socket_.get(),
                     DocumentsMessage{.what = std::to_underlying(Sending::kWebSettings)},
                     settings.get());
}

Sent Channel::SendState(const GatewayState& state) const {
  return SendMessage(socket_.get(),
                     StateMessage{.listening = state.listening ? 1U : 0U,
                                  .received = state.received,
                                  .refused = state.refused ? 1U : 0U,
                                  .requests = state.requests},
                     -1);
}

Result<std::optional<ReceivedDocuments>> Channel::ReceiveDocuments() const {
  auto incoming = ReceiveMessage<DocumentsMessage>(socket_.get(), peer_);
  if (!incoming) return std::unexpected(incoming.error());
  auto& whole = *incoming;
  if (!whole) return std::nullopt;
  const bool web = whole->message.what == std::to_underlying(Sending::kWebSettings);
  return ReceivedDocuments{.what = web ? Sending::kWebSettings : Sending::kDocuments,
                           .file = std::move(whole->passed.front()),
                           .sequence = whole->message.sequence};
}

Result<std::optional<GatewayState>> Channel::ReceiveState() const {
  const auto incoming = ReceiveMessage<StateMessage>(socket_.get(), peer_);
  if (!incoming) return std::unexpected(incoming.error());
  const auto& whole = *incoming;
  if (!whole) return std::nullopt;
  const StateMessage& message = whole->message;
  return GatewayState{.listening = message.listening != 0,
                      .received = message.received,
                      .refused = message.refused != 0,
                      .requests = message.requests,
                      .sender = whole->sender.value_or(Pid{})};
}

Sent Channel::SendOrder(const ServeOrder& order) const {
  OrderMessage message{.api = static_cast<std::uint32_t>(order.api)};
  std::size_t used = 0;
  for (const std::string& address : order.listen) {
    if (used + address.size() + 2 > message.listen.size()) break;
    std::memcpy(&message.listen[used], address.data(), address.size());
    used += address.size() + 1;
  }
  return SendMessage(socket_.get(), message, -1);
}

Result<std::optional<ServeOrder>> Channel::ReceiveOrder() const {
  const auto incoming = ReceiveMessage<OrderMessage>(socket_.get(), peer_);
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
