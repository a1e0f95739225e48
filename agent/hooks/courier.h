// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "agent/base/packets.h"
#include "hullmark/result.h"

namespace hullmark {

struct CourierOptions {
  PacketSocket inspector{};
  std::string hosts{};  // The text of /etc/hosts: once it is confined it can open nothing.
  std::string agent{};  // How it calls itself to receivers.
  std::function<std::int64_t()> now{};      // Seconds since 1970.
  std::function<Result<void>()> confine{};  // Called before anything is received.
  std::function<void(const std::string& message)> warn{};
  std::function<void()> alive{};  // About once a second.
};

// The courier process: delivers what the inspector gives it, each hook on a thread of its own, and
// says how that ended; until the inspector goes. Error: it cannot be confined.
Result<void> RunCourier(CourierOptions options);

// Has the C library read what it needs for looking up names: later it can open no file. What it
// has to read anew then (another resolv.conf) takes another courier.
void PrepareNames();

}  // namespace hullmark
