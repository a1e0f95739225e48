// SPDX-License-Identifier: Apache-2.0
#include "agent/hooks/delivery.h"

#include <array>
#include <cstddef>
#include <string_view>
#include <utility>

namespace hullmark {

std::string_view NameOf(Attempt attempt) {
  constexpr std::array<std::string_view, kAttempts> kNames = {
      "delivered",  "rejected",    "refused",   "garbage", "timeout",
      "unresolved", "unconnected", "untrusted", "lost"};
  return kNames.at(static_cast<std::size_t>(std::to_underlying(attempt)));
}

Attempt AttemptOfStatus(int status) {
  constexpr int kBadRequest = 400, kTooLarge = 413, kUnsupported = 415, kUnprocessable = 422;
  if (status >= 200 && status < 300) return Attempt::kDelivered;
  const bool never = status == kBadRequest || status == kTooLarge || status == kUnsupported ||
                     status == kUnprocessable;
  return never ? Attempt::kRejected : Attempt::kRefused;
}

}  // namespace hullmark
