// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "agent/gateway/event_id.h"
#include "hullmark/result.h"

namespace hullmark {

// What an answer needs of a request's head. The rest of it (Range, Expect, ...) goes no further.
struct RequestHead {
  std::string method{};
  std::string target{};  // In origin form: "/metrics?a=b".
  std::string host{};    // "" of HTTP/1.0 perhaps.
  std::string if_none_match{};
  std::string authorization{};
  std::optional<EventId> last_event_id{};
  std::string accept_encoding{};  // As all lists: the lines of this name, joined by commas.
  // No request may follow: the client said so, is of HTTP/1.0, or sends a body.
  bool close = false;
};

// Reads a head up to and with its empty line, see RFC 9112. Strict: whatever two readers could take
// for different requests is an error kMalformed, so that no proxy before us sees other requests
// than we do. Error kTruncated: the target is longer than anything here has; kUnsupported: more
// lines than any client needs.
Result<RequestHead> ReadHead(std::string_view text);

// What a client is told of such an error: 400, 414 or 431.
int StatusOf(const Error& wrong_head);

}  // namespace hullmark
