// SPDX-License-Identifier: Apache-2.0
#include "agent/watch/proc_connector.h"

#include <linux/cn_proc.h>
#include <linux/connector.h>
#include <linux/netlink.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "agent/base/file.h"
#include "agent/watch/connector_message.h"
#include "hullmark/result.h"

namespace hullmark {
namespace {

constexpr int kBuffer = 8 << 20;  // Bytes: some 10,000 events.
constexpr int kAnswerMilliseconds = 1'000;

std::unexpected<Error> Refused(const std::string& what, int number) {
  const bool denied = number == EPERM || number == EACCES;
  std::string why = what + ": " + std::strerror(number);
  if (denied) why += " (it takes CAP_NET_ADMIN)";
  if (number == EPROTONOSUPPORT) why += " (not in this network namespace, or not in this kernel)";
  return Fail(denied ? ErrorCode::kDenied : ErrorCode::kUnsupported, "proc connector: " + why);
}

// A message as the kernel wants it: three headers, one after the other.
std::array<std::byte, NLMSG_LENGTH(sizeof(cn_msg) + sizeof(proc_cn_mcast_op))> Listen() {
  constexpr std::size_t kConnector = NLMSG_HDRLEN;
  constexpr std::size_t kOperation = kConnector + offsetof(cn_msg, data);
  std::array<std::byte, NLMSG_LENGTH(sizeof(cn_msg) + sizeof(proc_cn_mcast_op))> bytes{};
  nlmsghdr netlink{};
  netlink.nlmsg_len = static_cast<std::uint32_t>(bytes.size());
  netlink.nlmsg_type = NLMSG_DONE;
  cn_msg connector{};
  connector.id = {.idx = CN_IDX_PROC, .val = CN_VAL_PROC};
  connector.len = sizeof(proc_cn_mcast_op);
  const proc_cn_mcast_op operation = PROC_CN_MCAST_LISTEN;
  std::memcpy(bytes.data(), &netlink, sizeof netlink);
  std::memcpy(&bytes[kConnector], &connector, offsetof(cn_msg, data));
  std::memcpy(&bytes[kOperation], &operation, sizeof operation);
  return bytes;
}

}  // namespace

Result<ProcConnector> ProcConnector::Open() {
  Fd socket(::socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_CONNECTOR));
  if (!socket) return Refused("socket", errno);
  // Past the limit of others where we may, else as much as we may.
  if (setsockopt(socket.get(), SOL_SOCKET, SO_RCVBUFFORCE, &kBuffer, sizeof kBuffer) != 0) {
    (void)setsockopt(socket.get(), SOL_SOCKET, SO_RCVBUF, &kBuffer, sizeof kBuffer);
  }
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = CN_IDX_PROC;
  sockaddr plain{};
  static_assert(sizeof address <= sizeof plain);
  std::memcpy(&plain, &address, sizeof address);
  if (bind(socket.get(), &plain, sizeof address) != 0) return Refused("bind", errno);
  ProcConnector connector(std::move(socket));
  if (auto asked = connector.Ask(); !asked) return std::unexpected(std::move(asked.error()));
  return connector;
}

// A kernel that does not want to be asked from here (another user or pid namespace) says nothing.
Result<void> ProcConnector::Ask() {
  const auto request = Listen();
  if (send(socket_.get(), request.data(), request.size(), 0) < 0) return Refused("send", errno);
  pollfd ready = {.fd = socket_.get(), .events = POLLIN, .revents = 0};
  while (poll(&ready, 1, kAnswerMilliseconds) > 0) {
    std::optional<ConnectorMessage> message;
    while (Receive(message)) {
      if (!message || !message->answer) continue;
      if (*message->answer != 0) return Refused("listen", static_cast<int>(*message->answer));
      return {};
    }
  }
  return Fail(ErrorCode::kUnsupported,
              "proc connector: no answer: it tells the first pid and user namespaces only");
}

bool ProcConnector::Receive(std::optional<ConnectorMessage>& message) {
  std::array<std::byte, 1024> bytes{};
  sockaddr_nl from{};
  iovec piece = {.iov_base = bytes.data(), .iov_len = bytes.size()};
  msghdr header{};
  header.msg_name = &from;
  header.msg_namelen = sizeof from;
  header.msg_iov = &piece;
  header.msg_iovlen = 1;
  message.reset();
  const ssize_t length = recvmsg(socket_.get(), &header, 0);
  // The buffer was full: later messages tell how many did not fit.
  if (length < 0) return errno == ENOBUFS || errno == EINTR;
  // Processes may send to this socket too: their port is not 0.
  if (from.nl_pid != 0 || (header.msg_flags & MSG_TRUNC) != 0) return true;
  message = ParseConnectorMessage(std::span(bytes).first(static_cast<std::size_t>(length)));
  if (message && !message->answer) gaps_.Take(message->cpu, message->sequence);
  return true;
}

std::size_t ProcConnector::Drain(std::size_t most,
                                 const std::function<void(const ConnectorEvent&)>& take) {
  std::optional<ConnectorMessage> message;
  std::size_t taken = 0;
  for (; taken < most && Receive(message); ++taken) {
    if (message && message->event) take(*message->event);
  }
  return taken;
}

}  // namespace hullmark
