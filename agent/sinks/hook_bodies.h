// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "hullmark/event.h"

namespace hullmark {

// What hooks are told, on one line without an end. Texts of containers are escaped as in
// event_json.h. `host` is this host's name.

// A CloudEvent 1.0 in structured mode, with the event as hullmark.event/1 in `data`. `key`: its id,
// the same however often it is sent.
std::string CloudEvent(const Event& event, std::string_view host, std::string_view key);

// What Alertmanager takes at /api/v2/alerts: the alert that begins or ends; two where the severity
// changed. "" for events that are not about a violation.
std::string Alerts(const Event& event, std::string_view host);

// An alert that nobody ends ends by itself after so long: hullmark may be gone.
inline constexpr int kAlertDays = 7;

}  // namespace hullmark
