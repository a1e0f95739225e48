// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "agent/gateway/address.h"

namespace hullmark {

// How far a connection has come with its request.
enum class Standing : std::uint8_t {
  kIdle,        // It has had its answers, and asks nothing now.
  kIncomplete,  // Its request is not whole.
  kAnswering,
};

struct Seat {
  ClientKey client{};
  Standing standing = Standing::kIncomplete;
  std::chrono::steady_clock::time_point since{};  // Of this standing.
};

struct SeatLimits {
  std::size_t total = 256;
  std::size_t per_client = 16;
};

// Nobody leaves who is being answered.
bool MayLeave(const Seat& seat);

// Who leaves so that one more may stay: of the client that has the most seats an idle one, else one
// whose request is incomplete, each time the one that has been so for longest.
std::optional<std::size_t> WhoLeaves(std::span<const Seat> seats);

struct Vacancy {
  bool free = false;
  std::optional<std::size_t> leaving{};  // Who has to go first.
};

// Where one more of `client` can stay. Whoever has all the seats that one client may have makes
// room among them, never among others'.
Vacancy FindVacancy(std::span<const Seat> seats, const ClientKey& client, const SeatLimits& limits);

}  // namespace hullmark
