// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <string>

#include "hullmark/event.h"

namespace hullmark {

// The newest events as they are streamed, for clients that come back: 1,000 at most, and 512 KiB.
class RecentEvents {
 public:
  static constexpr std::size_t kMost = 1'000;
  static constexpr std::size_t kMostBytes = std::size_t{512} << 10;

  struct Entry {
    std::uint64_t id = 0;
    std::string text;  // A server-sent event: "id: 00c0ffee00c0ffee-7\ndata: {...}\n\n".
  };

  explicit RecentEvents(std::uint64_t life = 0) : life_(life) {}  // See EventId.

  // In the order of their ids; the oldest ones are forgotten.
  void Add(std::span<const Event> events);

  const std::deque<Entry>& entries() const { return entries_; }

 private:
  std::uint64_t life_;
  std::deque<Entry> entries_;
  std::size_t bytes_ = 0;
};

}  // namespace hullmark
