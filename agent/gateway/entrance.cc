// SPDX-License-Identifier: Apache-2.0
#include "agent/gateway/entrance.h"

#include <sys/socket.h>

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "agent/base/file.h"
#include "agent/gateway/address.h"
#include "agent/gateway/connection.h"
#include "agent/gateway/listener.h"
#include "agent/gateway/poller.h"
#include "agent/gateway/tls.h"
#include "agent/gateway/wire.h"
#include "hullmark/result.h"

namespace hullmark {
namespace {

// Who may come in, as far as TLS decides.
std::tuple<bool, ClientCertificate, std::string> RulesOf(const std::optional<TlsSettings>& tls) {
  if (!tls) return {false, ClientCertificate::kNone, ""};
  return {true, tls->client, tls->client_roots};
}

}  // namespace

Result<Entrance> Entrance::Open(const std::vector<std::string>& listen) {
  std::vector<Listening> listening;
  for (const std::string& text : listen) {
    const auto address = ParseListenAddress(text);
    if (!address) return std::unexpected(address.error());
    auto socket = ListenOn(*address, text);
    if (!socket) return std::unexpected(socket.error());
    listening.push_back({.socket = std::move(*socket), .unix_socket = !address->path.empty()});
  }
  return Entrance(std::move(listening));
}

std::vector<std::string> Entrance::Addresses() const {
  std::vector<std::string> addresses;
  for (const Listening& one : listening_) addresses.push_back(LocalAddressOf(one.socket.get()));
  return addresses;
}

void Entrance::Watch(const Poller& poller, std::uint64_t first_tag) {
  first_tag_ = first_tag;
  for (std::size_t at = 0; at < listening_.size(); ++at) {
    poller.Add(listening_[at].socket.get(), EPOLLIN, first_tag_ + at);
  }
}

void Entrance::Set(const Poller& poller, bool open) {
  if (std::exchange(open_, open) == open) return;
  for (std::size_t at = 0; at < listening_.size(); ++at) {
    poller.Change(listening_[at].socket.get(), open ? std::uint32_t{EPOLLIN} : 0U, first_tag_ + at);
  }
}

Fd Entrance::Accept(std::size_t at) const {
  return Fd(accept4(listening_[at].socket.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
}

std::unique_ptr<Connection> Entrance::Meet(Fd socket, std::size_t at,
                                           Connection::Moment now) const {
  const bool speaks_tls = tls_ && !listening_[at].unix_socket;
  auto tls = speaks_tls ? tls_->Begin(socket.get()) : nullptr;
  if (speaks_tls && !tls) return nullptr;
  const Origin origin = OriginOf(socket.get());
  return std::make_unique<Connection>(Wire(std::move(socket), std::move(tls)), origin, now);
}

Result<bool> Entrance::SetTls(const std::optional<TlsSettings>& settings) {
  std::shared_ptr<const TlsContext> tls;
  if (settings) {
    auto made = TlsContext::Make(*settings);
    if (!made) return std::unexpected(made.error());
    tls = std::move(*made);
  }
  const bool changed = RulesOf(settings) != RulesOf(tls_settings_);
  tls_ = std::move(tls);
  tls_settings_ = settings;
  return changed;
}

}  // namespace hullmark
