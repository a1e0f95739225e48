// SPDX-License-Identifier: Apache-2.0
#include "agent/gateway/seats.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <utility>
#include <vector>

#include "agent/gateway/address.h"
#include "agent/gateway/guests.h"
#include "tests/unit/gateway/client.h"

namespace hullmark {
namespace {

using Moment = std::chrono::steady_clock::time_point;

Moment At(int second) { return Moment{} + std::chrono::seconds(second); }
ClientKey Client(std::uint8_t number) { return {1, number}; }

constexpr SeatLimits kSmall = {.total = 4, .per_client = 2};

TEST(Seats, RoomIsForEverybody) {
  const auto vacancy = FindVacancy({}, Client(1), kSmall);
  EXPECT_TRUE(vacancy.free);
  EXPECT_EQ(vacancy.leaving, std::nullopt);
}

TEST(Seats, AnIdleOneLeavesFirstThenTheOldestIncomplete) {
  std::vector<Seat> seats = {
      {.client = Client(1), .standing = Standing::kAnswering, .since = At(0)},
      {.client = Client(2), .standing = Standing::kIncomplete, .since = At(2)},
      {.client = Client(3), .standing = Standing::kIncomplete, .since = At(1)},
      {.client = Client(4), .standing = Standing::kIdle, .since = At(9)}};
  EXPECT_EQ(FindVacancy(seats, Client(5), kSmall).leaving, 3);
  seats[3].standing = Standing::kIncomplete;
  EXPECT_EQ(FindVacancy(seats, Client(5), kSmall).leaving, 2);
}

TEST(Seats, WhoHasTheMostMakesRoomFirst) {
  std::vector<Seat> seats = {
      {.client = Client(1), .standing = Standing::kIdle, .since = At(0)},
      {.client = Client(2), .standing = Standing::kAnswering, .since = At(1)},
      {.client = Client(2), .standing = Standing::kIncomplete, .since = At(3)},
      {.client = Client(2), .standing = Standing::kIncomplete, .since = At(2)}};
  EXPECT_EQ(WhoLeaves(seats), 3);
  for (std::size_t at = 1; at < seats.size(); ++at) seats[at].standing = Standing::kAnswering;
  EXPECT_EQ(WhoLeaves(seats), 0) << "it has none to give";
}

TEST(Seats, WhoIsBeingAnsweredStays) {
  const std::vector<Seat> seats(4, {.client = Client(1), .standing = Standing::kAnswering});
  EXPECT_FALSE(FindVacancy(seats, Client(2), kSmall).free);
  EXPECT_EQ(WhoLeaves(seats), std::nullopt);
}

TEST(Seats, OneAddressMakesRoomAmongItsOwn) {
  std::vector<Seat> seats = {{.client = Client(1), .standing = Standing::kIdle, .since = At(0)},
                             {.client = Client(2), .since = At(2)},
                             {.client = Client(2), .since = At(1)}};
  EXPECT_EQ(FindVacancy(seats, Client(2), kSmall).leaving, 2);
  seats[1].standing = seats[2].standing = Standing::kAnswering;
  EXPECT_FALSE(FindVacancy(seats, Client(2), kSmall).free);
  EXPECT_TRUE(FindVacancy(seats, Client(3), kSmall).free);
}

// Whatever comes, in whatever standing: the limits hold, and nobody who is answered leaves.
TEST(Seats, LimitsHoldWhateverComes) {
  std::mt19937 random(1);
  const SeatLimits limits;
  std::vector<Seat> seats;
  for (int step = 0; step < 20'000; ++step) {
    const ClientKey client = Client(static_cast<std::uint8_t>(random() % 40));
    const Vacancy vacancy = FindVacancy(seats, client, limits);
    ASSERT_TRUE(vacancy.free || vacancy.leaving == std::nullopt);
    if (!vacancy.free) {
      if (!seats.empty()) {
        seats.erase(seats.begin() + static_cast<std::ptrdiff_t>(random() % seats.size()));
      }
      continue;
    }
    if (vacancy.leaving) {
      ASSERT_NE(seats[*vacancy.leaving].standing, Standing::kAnswering);
      seats.erase(seats.begin() + static_cast<std::ptrdiff_t>(*vacancy.leaving));
    }
    seats.push_back(
        {.client = client, .standing = static_cast<Standing>(random() % 3), .since = At(step)});
    ASSERT_LE(seats.size(), limits.total);
    ASSERT_LE(std::ranges::count(seats, client, &Seat::client), limits.per_client);
  }
}

TEST(Guests, OtherRulesEndStreamsAndWhatIsKept) {
  Guests guests;
  std::vector<Pair> pairs;
  std::vector<Guests::Tag> tags;
  for (int i = 0; i < 3; ++i) {
    pairs.push_back(MakePair(At(0)));
    tags.push_back(guests.TakeIn(Client(1), std::move(pairs.back().connection)).value());
  }
  guests.At(tags[1])->BeginStream({.number = 1}, At(0));
  guests.At(tags[2])->BeginCheck(At(0));
  guests.RemoveAll();
  EXPECT_EQ(guests.At(tags[0]), nullptr);
  EXPECT_EQ(guests.At(tags[1]), nullptr);
  ASSERT_NE(guests.At(tags[2]), nullptr);
  EXPECT_TRUE(guests.At(tags[2])->IsLast());
}

TEST(Guests, ATagNamesNobodyAfterwards) {
  Guests guests({.total = 1, .per_client = 1});
  Pair first = MakePair(At(0));
  Pair second = MakePair(At(1));
  const auto one = guests.TakeIn(Client(1), std::move(first.connection));
  ASSERT_TRUE(one);
  EXPECT_GE(*one, Guests::kFirstTag);
  const auto two = guests.TakeIn(Client(2), std::move(second.connection));
  ASSERT_TRUE(two);
  EXPECT_EQ(guests.At(*one), nullptr);
  EXPECT_NE(guests.At(*two), nullptr);
  EXPECT_EQ(ReadToEnd(first.client), "") << "the incomplete one was closed";
  guests.Remove(*one);
  EXPECT_NE(guests.At(*two), nullptr);
  EXPECT_TRUE(guests.RemoveOne());
  EXPECT_EQ(guests.At(*two), nullptr);
  EXPECT_FALSE(guests.RemoveOne());
}

}  // namespace
}  // namespace hullmark
