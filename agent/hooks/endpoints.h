// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/file.h"
#include "hullmark/result.h"

namespace hullmark {

// Where the courier delivers what one hook is to be told, with the contents of the files that its
// configuration names: what the courier cannot open, it is handed.
struct Endpoint {
  std::string hook{};  // Its name.
  bool tls = true;
  std::string host{};  // A name or an address.
  std::uint16_t port = 443;
  std::string target = "/";                   // Path and query.
  std::string content_type{};                 // Of all bodies.
  std::string roots{};                        // PEM: of whom the receiver's certificate has to be.
  std::string certificates{}, key{};          // PEM: ours; "": none.
  std::string token{};                        // For "Authorization: Bearer"; "": none.
  std::string secret{};                       // Bodies are signed with it; "": not.
  std::chrono::milliseconds timeout{10'000};  // Of one delivery as a whole.

  friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

// As one sealed memfd.
Result<Fd> SealEndpoints(std::span<const Endpoint> endpoints);
// Error kMalformed: not what SealEndpoints makes.
Result<std::vector<Endpoint>> OpenEndpoints(const Fd& file);

// What is in that file.
std::string WriteEndpoints(std::span<const Endpoint> endpoints);
Result<std::vector<Endpoint>> ReadEndpoints(std::string_view bytes);

}  // namespace hullmark
