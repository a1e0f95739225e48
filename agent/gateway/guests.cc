// SPDX-License-Identifier: Apache-2.0
#include "agent/gateway/guests.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

#include "agent/gateway/address.h"
#include "agent/gateway/connection.h"
#include "agent/gateway/documents.h"
#include "agent/gateway/seats.h"

namespace hullmark {
namespace {

constexpr unsigned kGenerationAt = 32;

std::size_t ChairOf(Guests::Tag tag) { return tag & UINT32_MAX; }

}  // namespace

std::optional<Guests::Tag> Guests::TakeIn(const ClientKey& client,
                                          std::unique_ptr<Connection> connection) {
  std::vector<std::size_t> taken;
  const Vacancy vacancy = FindVacancy(Seats(taken), client, limits_);
  if (!vacancy.free) return std::nullopt;
  if (vacancy.leaving) chairs_[taken[*vacancy.leaving]].connection.reset();
  const auto free = std::ranges::find_if(chairs_, std::logical_not<>(), &Chair::connection);
  free->client = client;
  free->connection = std::move(connection);
  ++free->generation;
  return TagOf(static_cast<std::size_t>(free - chairs_.begin()));
}

Connection* Guests::At(Tag tag) const {
  const Chair& chair = chairs_[ChairOf(tag)];
  return chair.generation == tag >> kGenerationAt ? chair.connection.get() : nullptr;
}

void Guests::Remove(Tag tag) {
  if (At(tag) != nullptr) chairs_[ChairOf(tag)].connection.reset();
}

bool Guests::RemoveOne() {
  std::vector<std::size_t> taken;
  const auto leaving = WhoLeaves(Seats(taken));
  if (leaving) chairs_[taken[*leaving]].connection.reset();
  return leaving.has_value();
}

void Guests::RemoveAll() {
  RemoveStreams();
  for (const Tag tag : Where([](const Connection&) { return true; })) {
    Connection& connection = *At(tag);
    if (connection.standing() == Standing::kAnswering) {
      connection.MakeLast();
    } else {
      Remove(tag);
    }
  }
}

void Guests::RemoveStreams() {
  for (const Tag tag : Where(&Connection::IsStreaming)) Remove(tag);
}

void Guests::RemoveReadersOfOld(const Documents* latest, std::size_t kept) {
  const auto newer = [](const Documents* one, const Documents* other) {
    const Publication& left = one->publication();
    const Publication& right = other->publication();
    return std::tie(left.made_at, left.sequence, one) >
           std::tie(right.made_at, right.sequence, other);
  };
  std::set<const Documents*, decltype(newer)> old(newer);
  ForEach([&](Tag, const Connection& connection) {
    const Documents* const owner = connection.owner().get();
    if (owner != nullptr && owner != latest) old.insert(owner);
  });
  if (old.size() <= kept) return;
  old.erase(old.begin(), std::next(old.begin(), static_cast<std::ptrdiff_t>(kept)));
  for (const Tag tag : Where([&](const Connection& connection) {
         return connection.owner() && old.contains(connection.owner().get());
       })) {
    Remove(tag);
  }
}

bool Guests::HasRoom() const {
  std::vector<std::size_t> taken;
  const std::vector<Seat> seats = Seats(taken);
  return seats.size() < limits_.total || std::ranges::any_of(seats, MayLeave);
}

void Guests::ForEach(const std::function<void(Tag, Connection&)>& visit) const {
  for (std::size_t i = 0; i < chairs_.size(); ++i) {
    if (chairs_[i].connection) visit(TagOf(i), *chairs_[i].connection);
  }
}

std::vector<Guests::Tag> Guests::Where(const std::function<bool(const Connection&)>& holds) const {
  std::vector<Tag> found;
  ForEach([&](Tag tag, const Connection& connection) {
    if (holds(connection)) found.push_back(tag);
  });
  return found;
}

std::vector<Seat> Guests::Seats(std::vector<std::size_t>& chairs) const {
  std::vector<Seat> seats;
  for (std::size_t i = 0; i < chairs_.size(); ++i) {
    const auto& connection = chairs_[i].connection;
    if (!connection) continue;
    chairs.push_back(i);
    seats.push_back({.client = chairs_[i].client,
                     .standing = connection->standing(),
                     .since = connection->since()});
  }
  return seats;
}

Guests::Tag Guests::TagOf(std::size_t chair) const {
  return (Tag{chairs_[chair].generation} << kGenerationAt) | chair;
}

}  // namespace hullmark
