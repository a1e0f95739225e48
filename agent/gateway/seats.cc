// SPDX-License-Identifier: Apache-2.0
#include "agent/gateway/seats.h"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <numeric>
#include <optional>
#include <span>
#include <tuple>
#include <vector>

#include "agent/gateway/address.h"

namespace hullmark {
namespace {

// How many seats the client of each of them holds. Counted once a newcomer: a flood of them comes
// here for every one.
std::vector<std::size_t> HeldByClientOf(std::span<const Seat> seats) {
  std::vector<std::size_t> sorted(seats.size());
  std::iota(sorted.begin(), sorted.end(), std::size_t{0});
  const auto client = [&](std::size_t at) -> const ClientKey& { return seats[at].client; };
  std::ranges::sort(sorted, {}, client);
  std::vector<std::size_t> held(seats.size());
  for (auto begin = sorted.begin(); begin != sorted.end();) {
    const auto end = std::ranges::upper_bound(begin, sorted.end(), client(*begin), {}, client);
    for (const std::size_t at : std::span(begin, end)) {
      held[at] = static_cast<std::size_t>(end - begin);
    }
    begin = end;
  }
  return held;
}

std::optional<std::size_t> WhoOf(std::span<const Seat> seats,
                                 const std::function<bool(const Seat&)>& counts) {
  const std::vector<std::size_t> held = HeldByClientOf(seats);
  std::optional<std::size_t> leaving;
  const auto sooner = [&](std::size_t one, std::size_t other) {
    return std::tie(held[other], seats[one].standing, seats[one].since) <
           std::tie(held[one], seats[other].standing, seats[other].since);
  };
  for (std::size_t i = 0; i < seats.size(); ++i) {
    if (!MayLeave(seats[i]) || !counts(seats[i])) continue;
    if (!leaving || sooner(i, *leaving)) leaving = i;
  }
  return leaving;
}

}  // namespace

bool MayLeave(const Seat& seat) { return seat.standing != Standing::kAnswering; }

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
