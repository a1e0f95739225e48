// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace hullmark {

// How an attempt to tell a hook ended.
enum class Attempt : std::uint8_t {
  kDelivered,    // Any 2xx; status 0 of a command.
  kRejected,     // The receiver has read it and wants it never again: 400, 413, 415, 422.
  kRefused,      // Any other answer, redirects among them; any other status of a command.
  kGarbage,      // An answer that is no HTTP, or too long before its body.
  kTimeout,      // Of the whole attempt.
  kUnresolved,   // The host's name.
  kUnconnected,  // Nobody listens there, or the connection broke.
  kUntrusted,    // TLS: its certificate, or ours.
  kLost,         // Whoever was to deliver it has died, or cannot be started.
};
inline constexpr int kAttempts = 9;
// "delivered", "rejected" ...: a label of metrics.
std::string_view NameOf(Attempt attempt);

struct AttemptEnd {
  Attempt attempt = Attempt::kLost;
  int status = 0;  // Of HTTP, or of a command: its exit status, or minus the signal that ended it.
  std::optional<std::chrono::seconds> retry_after{};  // At most kLongestRetryAfter.

  friend bool operator==(const AttemptEnd&, const AttemptEnd&) = default;
};

inline constexpr std::chrono::seconds kLongestRetryAfter{3'600};

// What an answer of HTTP means.
Attempt AttemptOfStatus(int status);

}  // namespace hullmark
