// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <expected>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

#include "agent/base/file.h"
#include "agent/hooks/delivery.h"
#include "agent/hooks/endpoints.h"
#include "agent/hooks/hosts.h"
#include "agent/hooks/tls_client.h"

namespace hullmark {

// A connection to a receiver. Everything on it has a deadline, and what is read a bound: a receiver
// that trickles, or never ends, costs no more than any other.
class Outbound {
 public:
  using Moment = std::chrono::steady_clock::time_point;

  // `tls`: null for a plain one. `hosts` comes before any name server. Error: why not.
  static std::expected<std::unique_ptr<Outbound>, Attempt> Open(const Endpoint& endpoint,
                                                                const TlsClient* tls,
                                                                const HostsTable& hosts,
                                                                Moment deadline);
  Outbound(const Outbound&) = delete;
  Outbound& operator=(const Outbound&) = delete;

  // The next exchange begins: until when, and how many bytes may be read. False: the receiver has
  // closed the connection meanwhile, or said something that nobody asked for.
  bool Begin(Moment deadline, std::size_t most);

  // 0: it has ended; -1: see why().
  ssize_t Read(std::span<char> into);
  // All of it, or -1.
  ssize_t Write(std::string_view bytes);

  // kTimeout, kUnconnected, kUntrusted; kGarbage: more than may be read.
  Attempt why() const { return why_; }

 private:
  Outbound(Fd socket, Moment deadline) : socket_(std::move(socket)), deadline_(deadline) {}

  std::expected<void, Attempt> Encrypt(const TlsClient& tls);
  bool WaitFor(short events);
  ssize_t Fail(Attempt why);
  bool Follow(const TlsStep& step);

  Fd socket_;
  std::unique_ptr<TlsWire> tls_;
  Moment deadline_;
  std::size_t left_ = 0;  // That may be read.
  Attempt why_ = Attempt::kUnconnected;
};

}  // namespace hullmark
