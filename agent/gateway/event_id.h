// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hullmark {

// A place in the stream of events: the `id` of a server-sent event. Numbers are the events' own.
// They go on when the agent starts anew, unless what it remembered is lost: `life` is of the start
// that gave them.
struct EventId {
  std::uint64_t life = 0;  // 0: not told.
  std::uint64_t number = 0;

  bool operator==(const EventId&) const = default;
};

// "00c0ffee00c0ffee-17".
std::string TextOf(const EventId& id);

// What TextOf makes, or the number alone; nullopt: neither.
std::optional<EventId> ParseEventId(std::string_view text);

}  // namespace hullmark
