// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "agent/gateway/moved.h"
#include "hullmark/result.h"

namespace hullmark {

// Who has to show a certificate, as web configurations call it.
enum class ClientCertificate : std::uint8_t {
  kNone,
  kRequested,  // Asked for, and not looked at.
  kAny,        // Of anybody's making.
  kVerifiedIfGiven,
  kVerified,
};

// What TLS needs; texts are PEM.
struct TlsSettings {
  std::string certificates{};  // Ours first, then those between it and the root.
  std::string key{};
  std::string client_roots{};  // Of whom clients' certificates have to be.
  ClientCertificate client = ClientCertificate::kNone;
  bool only_13 = false, only_12 = false;
  bool own_order = true;  // Of ciphers; else the client's.
  std::string ciphers{};  // Of TLS 1.2, OpenSSL's names, joined by ':'; "": the usual.
  std::string curves{};   // The same.
};

// One client's side of TLS. The handshake happens within the first Receive() calls.
class TlsSession {
 public:
  struct Parts;
  explicit TlsSession(std::unique_ptr<Parts> parts);
  TlsSession(const TlsSession&) = delete;
  TlsSession& operator=(const TlsSession&) = delete;
  ~TlsSession();

  // Takes one record at most. A client whose records bring nothing, again and again, is gone.
  Moved Receive(std::span<char> into);
  Moved Send(std::string_view bytes);
  // What the last call that moved nothing waits for.
  bool WaitsToWrite() const;
  // Something was received that nobody took: no socket will tell of it.
  bool HasMore() const;
  bool IsOpen() const;  // The handshake is done.
  // The client has shown a certificate that our roots vouch for.
  bool IsVerified() const;
  void EndSending();

 private:
  std::unique_ptr<Parts> parts_;
};

// Shared by all connections that begin while it holds; those keep it.
class TlsContext {
 public:
  // Error kMalformed: says which of the settings is wrong, and why.
  static Result<std::shared_ptr<const TlsContext>> Make(const TlsSettings& settings);

  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;
  ~TlsContext();

  // Null when memory is used up. `socket` stays the caller's.
  std::unique_ptr<TlsSession> Begin(int socket) const;

 private:
  struct Parts;
  explicit TlsContext(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace hullmark
