// SPDX-License-Identifier: Apache-2.0
#include "agent/gateway/seats.h"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <tuple>

#include "agent/gateway/address.h"

namespace hullmark {
namespace {

std::optional<std::size_t> WhoOf(std::span<const Seat> seats,
                                 const std::function<bool(const Seat&)>& counts) {
  std::map<ClientKey, std::size_t> held;
  for (const Seat& seat : seats) ++held[seat.client];
  const auto sooner = [&](const Seat& one, const Seat& other) {
    return std::tuple(held[other.client], one.standing, one.since) <
           std::tuple(held[one.client], other.standing, other.since);
  };
  std::optional<std::size_t> leaving;
  for (std::size_t i = 0; i < seats.size(); ++i) {
    const Seat& seat = seats[i];
    if (seat.standing == Standing::kAnswering || !counts(seat)) continue;
    if (!leaving || sooner(seat, seats[*leaving])) leaving = i;
  }
  return leaving;
}

}  // namespace

std::optional<std::size_t> WhoLeaves(std::span<const Seat> seats) {
  return WhoOf(seats, [](const Seat&) { return true; });
}

Vacancy FindVacancy(std::span<const Seat> seats, const ClientKey& client,
                    const SeatLimits& limits) {
  const auto is_own = [&](const Seat& seat) { return seat.client == client; };
  const auto own = static_cast<std::size_t>(std::ranges::count_if(seats, is_own));
  if (own < limits.per_client && seats.size() < limits.total) return {.free = true};
  const auto leaving = own < limits.per_client ? WhoLeaves(seats) : WhoOf(seats, is_own);
  return {.free = leaving.has_value(), .leaving = leaving};
}

}  // namespace hullmark
