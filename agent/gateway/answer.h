// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/gateway/documents.h"
#include "agent/gateway/requests.h"

namespace hullmark {

// Who gets more than /metrics, /healthz and /readyz.
enum class ApiRule : std::uint8_t {
  kLoopback,       // Who connects over loopback or a unix socket, or is authenticated.
  kAuthenticated,  // Who is authenticated, wherever from.
  kOff,
};

// A request as far as an answer depends on it.
struct Asked {
  std::string_view method{};
  std::string_view path{};                   // Decoded.
  std::optional<std::string_view> format{};  // The query's "format".
  std::string_view if_none_match{};
  std::string_view accept_encoding{};
  bool local = false;          // Of this host, and named no other: see IsLocal in responder.cc.
  bool authenticated = false;  // By a password or a certificate.
  bool may_stream = false;     // There is room for one more stream.
};

struct Answer {
  int status = 200;
  Route route = Route::kOther;
  std::string_view content_type{};
  std::string_view body{};   // Of `documents`, of `text`, or a constant. "" of a 304.
  std::uint64_t length = 0;  // What Content-Length says, also where no body is sent.
  bool gzip = false;
  bool varies = false;  // Another Accept-Encoding may get another body.
  bool stream = false;  // Of events: the body is only its beginning.
  std::string etag{};
  std::string text{};  // Of an error.
  std::shared_ptr<const Documents> documents{};
};

inline constexpr std::string_view kAllowedMethods = "GET, HEAD";

// On every answer: what is shown runs nothing and is part of no other page.
inline constexpr std::array<std::pair<const char*, const char*>, 2> kGuardHeaders = {
    {{"X-Content-Type-Options", "nosniff"},
     {"Content-Security-Policy",
      "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"}}};

// The description of the API, see docs/schema/openapi-1.json.
std::string_view OpenApiText();

// Decides what a request gets. `documents` may be null: nothing was published yet. `now` is of
// CLOCK_BOOTTIME.
Answer AnswerTo(const Asked& asked, const std::shared_ptr<const Documents>& documents, ApiRule api,
                std::chrono::nanoseconds now);

// An error as clients get it: {"error":{"code":"not_found","message":"..."}}.
Answer ErrorAnswer(Route route, int status, std::string_view message);

// The same as the bytes of a whole response, the last one of its connection: for what never became
// a request that is answered. `with_body`: not of a HEAD.
using Headers = std::vector<std::pair<std::string, std::string>>;
std::string LastResponse(int status, std::string_view message, const Headers& headers,
                         bool with_body = true);

// kGuardHeaders and the configured ones; of two with one name the latter count.
Headers HeadersWith(const Headers& configured);

}  // namespace hullmark
