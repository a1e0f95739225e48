// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "agent/encode/json_writer.h"
#include "hullmark/event.h"

namespace hullmark {

inline constexpr std::string_view kEventSchema = "hullmark.event/1";

// One event as a JSON object on one line that ends with '\n', of schema hullmark.event/1, see
// docs/schema/event-1.schema.json. The id is the first member. Texts of containers are escaped: no
// line holds a control character but its end.
void WriteEvent(const Event& event, const ByteSink& sink);
std::string EventLine(const Event& event);
// The same object as a part of a document.
void WriteEventObject(JsonWriter& json, const Event& event);

// The id of a line that EventLine made, with or without its end; nullopt for anything else.
std::optional<std::uint64_t> IdOfEventLine(std::string_view line);

}  // namespace hullmark
