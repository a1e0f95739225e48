// SPDX-License-Identifier: Apache-2.0
#include "agent/gateway/stream.h"

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "agent/gateway/connection.h"
#include "agent/gateway/documents.h"

namespace hullmark {

void GoOnWithStream(Connection& stream, const std::shared_ptr<const Documents>& documents,
                    Connection::Moment now) {
  if (!stream.IsStreaming() || stream.IsBehind() || !documents) return;
  const std::uint64_t last = documents->publication().last_event;
  const std::uint64_t told = stream.told();
  if (told == last) return;
  // Ids begin anew when the agent has lost its state: then so does the stream.
  const std::uint64_t after = told > last ? 0 : told;
  const std::uint64_t next = documents->FirstEventAfter(after).value_or(last + 1);
  std::string note;
  if (told > last || next != after + 1) {
    note = "event: lost\ndata: {\"after\":" + std::to_string(told) +
           ",\"next\":" + std::to_string(next) + "}\n\n";
  }
  stream.Tell(std::move(note), documents->EventsAfter(after), documents, last, now);
}

}  // namespace hullmark
