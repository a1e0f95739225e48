// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon/recent_events.h"

#include <span>
#include <string>

#include "agent/gateway/event_id.h"
#include "agent/sinks/event_json.h"
#include "hullmark/event.h"

namespace hullmark {

void RecentEvents::Add(std::span<const Event> events) {
  for (const Event& event : events) {
    // A line ends with '\n' and has no other: it is one field of server-sent events.
    entries_.push_back({.id = event.id,
                        .text = "id: " + TextOf(EventId{.life = life_, .number = event.id}) +
                                "\ndata: " + EventLine(event) + "\n"});
    bytes_ += entries_.back().text.size();
    while (entries_.size() > kMost || (bytes_ > kMostBytes && entries_.size() > 1)) {
      bytes_ -= entries_.front().text.size();
      entries_.pop_front();
    }
  }
}

}  // namespace hullmark
