// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace hullmark {

// The lines of a queue file, each a record of its own that ends with '\n'. It is nobody's interface
// but the agent's own.

// "hullmark.queue/1 LIFE NEXT": the first line. Nobody outside knows the life of a queue before it
// has sent something.
struct QueueBegun {
  std::uint64_t life = 0, next = 1;  // `next`: the number that the next letter gets.

  friend bool operator==(const QueueBegun&, const QueueBegun&) = default;
};

// "+NUMBER EVENT LANE BODY".
struct Letter {
  std::uint64_t number = 0;
  std::uint64_t event = 0;  // Its id; 0: of no event.
  std::uint64_t lane = 0;   // Letters of one lane are delivered in their order.
  std::string body{};       // Without control characters.

  friend bool operator==(const Letter&, const Letter&) = default;
};

// "-NUMBER": it is not to be delivered any more.
struct LetterDone {
  std::uint64_t number = 0;

  friend bool operator==(const LetterDone&, const LetterDone&) = default;
};

// "=EVENT": events up to this id have been decided, see HookQueue.
struct EventsDecided {
  std::uint64_t event = 0;

  friend bool operator==(const EventsDecided&, const EventsDecided&) = default;
};

using QueueLine = std::variant<QueueBegun, Letter, LetterDone, EventsDecided>;

std::string ToLine(const QueueLine& line);
// `line` is without its end; nullopt for what ToLine did not make.
std::optional<QueueLine> ParseQueueLine(std::string_view line);

}  // namespace hullmark
