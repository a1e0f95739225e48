// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "agent/hooks/endpoints.h"
#include "hullmark/result.h"

namespace hullmark {

// What a step of TLS came to.
struct TlsStep {
  enum class State : std::uint8_t { kDone, kWaitsToRead, kWaitsToWrite, kEnd, kUntrusted, kBroken };
  State state = State::kBroken;
  std::size_t bytes = 0;  // That were moved; kDone only.
};

// Our side of one TLS connection over a socket that does not wait.
class TlsWire {
 public:
  struct Parts;
  explicit TlsWire(std::unique_ptr<Parts> parts);
  TlsWire(const TlsWire&) = delete;
  TlsWire& operator=(const TlsWire&) = delete;
  ~TlsWire();

  // Nothing is said before the receiver has shown a certificate of the roots, for its name.
  TlsStep Handshake();
  TlsStep Read(std::span<char> into);
  TlsStep Write(std::string_view bytes);

 private:
  std::unique_ptr<Parts> parts_;
};

// What TLS connections to one endpoint share.
class TlsClient {
 public:
  // Error kMalformed: says which of the endpoint's texts is wrong, and why.
  static Result<std::shared_ptr<const TlsClient>> Make(const Endpoint& endpoint);

  TlsClient(const TlsClient&) = delete;
  TlsClient& operator=(const TlsClient&) = delete;
  ~TlsClient();

  // Null when memory is used up. `socket` stays the caller's.
  std::unique_ptr<TlsWire> Begin(int socket) const;

 private:
  struct Parts;
  explicit TlsClient(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

// HMAC-SHA256 in hexadecimal digits.
std::string Signature(std::string_view secret, std::string_view body);

}  // namespace hullmark
