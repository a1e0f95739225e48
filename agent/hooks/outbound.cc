// SPDX-License-Identifier: Apache-2.0
#include "agent/hooks/outbound.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/types.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <expected>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/base/file.h"
#include "agent/hooks/delivery.h"
#include "agent/hooks/endpoints.h"
#include "agent/hooks/hosts.h"
#include "agent/hooks/tls_client.h"

namespace hullmark {
namespace {

using std::chrono::milliseconds;
using Moment = Outbound::Moment;

struct Address {
  sockaddr_storage place{};
  socklen_t length = 0;
};

milliseconds LeftUntil(Moment deadline) {
  return std::max(std::chrono::ceil<milliseconds>(deadline - std::chrono::steady_clock::now()),
                  milliseconds(0));
}

// Waits until a socket is ready. False: the deadline has come.
bool WaitUntil(int socket, short events, Moment deadline) {
  while (true) {
    pollfd wanted = {.fd = socket, .events = events, .revents = 0};
    const int ready = poll(&wanted, 1, static_cast<int>(LeftUntil(deadline).count()));
    if (ready > 0) return true;
    if (ready == 0 || errno != EINTR) return false;
  }
}

void AddAddresses(const std::string& host, const std::string& port, int flags,
                  std::vector<Address>& addresses) {
  addrinfo wanted = {};
  wanted.ai_socktype = SOCK_STREAM;
  wanted.ai_flags = flags | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  if (getaddrinfo(host.c_str(), port.c_str(), &wanted, &found) != 0) return;
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
    Address address{.length = one->ai_addrlen};
    std::memcpy(&address.place, one->ai_addr, one->ai_addrlen);
    addresses.push_back(address);
  }
  freeaddrinfo(found);
}

std::vector<Address> Resolve(const Endpoint& endpoint, const HostsTable& hosts) {
  std::vector<Address> addresses;
  const std::string port = std::to_string(endpoint.port);
  if (const auto known = hosts.find(HostKey(endpoint.host)); known != hosts.end()) {
    for (const std::string& address : known->second) {
      AddAddresses(address, port, AI_NUMERICHOST, addresses);
    }
  } else {
    AddAddresses(endpoint.host, port, 0, addresses);
  }
  return addresses;
}

Fd ConnectTo(const Address& address, Moment deadline) {
  Fd socket(::socket(address.place.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const auto* const place = reinterpret_cast<const sockaddr*>(&address.place);
  if (!socket) return socket;
  if (connect(socket.get(), place, address.length) != 0 && errno != EINPROGRESS) return {};
  int error = ETIMEDOUT;
  socklen_t length = sizeof error;
  if (!WaitUntil(socket.get(), POLLOUT, deadline) ||
      getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &length) != 0 || error != 0) {
    return {};
  }
  const int on = 1;
  setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return socket;
}

// Each address gets its part of the time: the first one may be a black hole.
Fd ConnectToOneOf(const std::vector<Address>& addresses, Moment deadline) {
  auto left = static_cast<long>(addresses.size());
  for (const Address& address : addresses) {
    const Moment until = std::chrono::steady_clock::now() + LeftUntil(deadline) / left--;
    if (Fd socket = ConnectTo(address, until)) return socket;
  }
  return {};
}

}  // namespace

std::expected<std::unique_ptr<Outbound>, Attempt> Outbound::Open(const Endpoint& endpoint,
                                                                 const TlsClient* tls,
                                                                 const HostsTable& hosts,
                                                                 Moment deadline) {
  const std::vector<Address> addresses = Resolve(endpoint, hosts);
  if (addresses.empty()) return std::unexpected(Attempt::kUnresolved);
  Fd socket = ConnectToOneOf(addresses, deadline);
  const bool late = LeftUntil(deadline).count() == 0;
  if (!socket) return std::unexpected(late ? Attempt::kTimeout : Attempt::kUnconnected);
  auto connection = std::unique_ptr<Outbound>(new Outbound(std::move(socket), deadline));
  if (tls != nullptr) {
    if (const auto done = connection->Encrypt(*tls); !done) return std::unexpected(done.error());
  }
  return connection;
}

std::expected<void, Attempt> Outbound::Encrypt(const TlsClient& tls) {
  tls_ = tls.Begin(socket_.get());
  if (!tls_) return std::unexpected(Attempt::kUnconnected);
  while (true) {
    const TlsStep step = tls_->Handshake();
    if (step.state == TlsStep::State::kDone) return {};
    if (!Follow(step)) return std::unexpected(why_);
  }
}

ssize_t Outbound::Fail(Attempt why) {
  why_ = why;
  return -1;
}

bool Outbound::WaitFor(short events) {
  if (WaitUntil(socket_.get(), events, deadline_)) return true;
  why_ = Attempt::kTimeout;
  return false;
}

// Whether a step that moved nothing is to be tried again, after what it waits for.
bool Outbound::Follow(const TlsStep& step) {
  switch (step.state) {
    case TlsStep::State::kDone:
      return true;
    case TlsStep::State::kWaitsToRead:
      return LeftUntil(deadline_).count() > 0 ? WaitFor(POLLIN) : Fail(Attempt::kTimeout) == 0;
    case TlsStep::State::kWaitsToWrite:
      return LeftUntil(deadline_).count() > 0 ? WaitFor(POLLOUT) : Fail(Attempt::kTimeout) == 0;
    case TlsStep::State::kUntrusted:
      return Fail(Attempt::kUntrusted) == 0;
    case TlsStep::State::kEnd:
    case TlsStep::State::kBroken:
      break;
  }
  return Fail(Attempt::kUnconnected) == 0;
}

bool Outbound::Begin(Moment deadline, std::size_t most) {
  deadline_ = deadline;
  left_ = most;
  why_ = Attempt::kUnconnected;
  pollfd said = {.fd = socket_.get(), .events = POLLIN, .revents = 0};
  return poll(&said, 1, 0) == 0;
}

ssize_t Outbound::Read(std::span<char> into) {
  if (left_ == 0) return Fail(Attempt::kGarbage);
  into = into.first(std::min(into.size(), left_));
  while (true) {
    ssize_t got = -1;
    if (tls_) {
      const TlsStep step = tls_->Read(into);
      if (step.state == TlsStep::State::kEnd) return 0;
      if (step.state != TlsStep::State::kDone) {
        if (!Follow(step)) return -1;
        continue;
      }
      got = static_cast<ssize_t>(step.bytes);
    } else {
      if (!WaitFor(POLLIN)) return -1;
      got = recv(socket_.get(), into.data(), into.size(), MSG_DONTWAIT);
      if (got < 0 && (errno == EAGAIN || errno == EINTR)) continue;
      if (got < 0) return Fail(Attempt::kUnconnected);
    }
    left_ -= static_cast<std::size_t>(got);
    return got;
  }
}

ssize_t Outbound::Write(std::string_view bytes) {
  const std::size_t all = bytes.size();
  while (!bytes.empty()) {
    if (tls_) {
      const TlsStep step = tls_->Write(bytes);
      if (step.state == TlsStep::State::kDone) bytes.remove_prefix(step.bytes);
      if (!Follow(step)) return -1;
      continue;
    }
    if (!WaitFor(POLLOUT)) return -1;
    const ssize_t sent = send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN && errno != EINTR) return Fail(Attempt::kUnconnected);
    if (sent > 0) bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return static_cast<ssize_t>(all);
}

}  // namespace hullmark
