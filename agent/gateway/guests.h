// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "agent/gateway/address.h"
#include "agent/gateway/connection.h"
#include "agent/gateway/documents.h"
#include "agent/gateway/seats.h"

namespace hullmark {

// The connections that there are, within the limits of seats.h. A tag names one for as long as it
// is here, and nobody afterwards.
class Guests {
 public:
  using Tag = std::uint64_t;
  static constexpr Tag kFirstTag = Tag{1} << 32;

  explicit Guests(SeatLimits limits = {}) : limits_(limits), chairs_(limits.total) {}

  // Takes one in; another one may have to leave. nullopt: there is no room for this client.
  std::optional<Tag> TakeIn(const ClientKey& client, std::unique_ptr<Connection> connection);

  // nullptr: it has gone.
  Connection* At(Tag tag) const;
  void Remove(Tag tag);

  // Sends the one away that would have to leave next. False: nobody would.
  bool RemoveOne();

  // Sends all away, streams too; those that are being answered, after that answer.
  void RemoveAll();
  void RemoveStreams();

  // Sends away who is still sent parts of sets other than `latest` and the `kept` newest before it:
  // slow readers hold no more of them than that.
  void RemoveReadersOfOld(const Documents* latest, std::size_t kept);

  // Whether one more of some client could stay.
  bool HasRoom() const;

  void ForEach(const std::function<void(Tag, Connection&)>& visit) const;
  std::vector<Tag> Where(const std::function<bool(const Connection&)>& holds) const;

 private:
  struct Chair {
    ClientKey client{};
    std::unique_ptr<Connection> connection;
    std::uint32_t generation = 0;
  };

  std::vector<Seat> Seats(std::vector<std::size_t>& chairs) const;
  Tag TagOf(std::size_t chair) const;

  SeatLimits limits_;
  std::vector<Chair> chairs_;
};

}  // namespace hullmark
