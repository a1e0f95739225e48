// SPDX-License-Identifier: Apache-2.0
#include "agent/gateway/stream.h"

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "agent/gateway/connection.h"
#include "agent/gateway/documents.h"
#include "agent/gateway/event_id.h"

namespace hullmark {

void GoOnWithStream(Connection& stream, const std::shared_ptr<const Documents>& documents,
                    Connection::Moment now) {
  if (!stream.IsStreaming() || stream.IsBehind() || !documents) return;
  const Publication& made = documents->publication();
  const EventId last{.life = made.life, .number = made.last_event};
  const EventId told = stream.told();
  if (told == last) return;
  // What another life of the agent told is known as far as this one goes on from there: it may have
  // lost its state, or its end before it was written.
  const bool same = told.life == last.life;
  const bool known = told.number <= (same ? last.number : made.inherited_event);
  const std::uint64_t begin = same ? 0 : made.inherited_event;
  const std::uint64_t after = known ? told.number : begin;
  const std::uint64_t next = documents->FirstEventAfter(after).value_or(last.number + 1);
  std::string note;
  if (!known || next != after + 1) {
    note = "event: lost\ndata: {\"after\":" + std::to_string(told.number) +
           ",\"next\":" + std::to_string(next) + "}\n\n";
  }
  stream.Tell(std::move(note), documents->EventsAfter(after), documents, last, now);
}

}  // namespace hullmark
