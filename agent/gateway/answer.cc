// SPDX-License-Identifier: Apache-2.0
#include "agent/gateway/answer.h"

#include <strings.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/gateway/documents.h"
#include "agent/gateway/negotiation.h"
#include "agent/gateway/requests.h"

namespace hullmark {
namespace {

constexpr std::string_view kJson = "application/json";
constexpr std::string_view kText = "text/plain; charset=utf-8";
constexpr std::string_view kContainer = "/api/v1/containers/";
constexpr std::size_t kShortId = 12;  // The id that metrics and people use.

std::string_view CodeOfStatus(int status) {
  constexpr std::array<std::pair<int, std::string_view>, 9> kCodes = {{{400, "bad_request"},
                                                                       {401, "unauthorized"},
                                                                       {403, "forbidden"},
                                                                       {404, "not_found"},
                                                                       {405, "method_not_allowed"},
                                                                       {408, "timeout"},
                                                                       {414, "uri_too_long"},
                                                                       {431, "headers_too_large"},
                                                                       {503, "unavailable"}}};
  const auto* const found =
      std::ranges::find(kCodes, status, &std::pair<int, std::string_view>::first);
  return found == kCodes.end() ? "internal" : found->second;
}

std::string_view ReasonOfStatus(int status) {
  switch (status) {
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 503:
      return "Service Unavailable";
    case 408:
      return "Request Timeout";
    case 414:
      return "URI Too Long";
    case 431:
      return "Request Header Fields Too Large";
    default:
      return "Internal Server Error";
  }
}

std::string EtagOf(std::uint64_t hash, bool gzip) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string etag = "\"";
  for (int shift = 60; shift >= 0; shift -= 4) etag += kDigits[(hash >> shift) & 0xf];
  return etag + (gzip ? "-gzip\"" : "\"");
}

Route RouteOf(std::string_view path) {
  if (path.starts_with(kContainer) && path.size() > kContainer.size()) return Route::kContainer;
  const auto* const found = std::ranges::find(kRouteNames, path);
  const auto at = static_cast<std::size_t>(found - kRouteNames.begin());
  if (found == kRouteNames.end() || static_cast<Route>(at) == Route::kContainer)
    return Route::kOther;
  return static_cast<Route>(at);
}

bool IsForEverybody(Route route) {
  return route == Route::kMetrics || route == Route::kHealthz || route == Route::kReadyz;
}

bool MayAsk(const Asked& asked, Route route, ApiRule api) {
  if (IsForEverybody(route)) return true;
  switch (api) {
    case ApiRule::kLoopback:
      return asked.local || asked.authenticated;
    case ApiRule::kAuthenticated:
      return asked.authenticated;
    case ApiRule::kOff:
      return false;
  }
  return false;
}

Answer Plain(Route route, std::string_view body) {
  return {.route = route, .content_type = kText, .body = body, .length = body.size()};
}

Answer Readiness(const Documents* documents, std::chrono::nanoseconds now) {
  if (documents == nullptr) {
    return ErrorAnswer(Route::kReadyz, 503, "the first scan is not done yet");
  }
  const Publication& made = documents->publication();
  if (now - made.made_at > made.fresh_for) {
    return ErrorAnswer(Route::kReadyz, 503, "the last scan is too old");
  }
  return Plain(Route::kReadyz, "ready\n");
}

Answer Send(Route route, const Document& found, const Asked& asked,
            const std::shared_ptr<const Documents>& documents) {
  Answer answer{.route = route, .content_type = ContentTypeOf(found.type), .documents = documents};
  answer.varies = !found.gzip.empty();
  answer.gzip = answer.varies && AcceptsGzip(asked.accept_encoding);
  answer.etag = EtagOf(found.hash, answer.gzip);
  const std::string_view body = answer.gzip ? found.gzip : found.plain;
  answer.length = body.size();
  if (MatchesEtag(asked.if_none_match, answer.etag)) {
    answer.status = 304;
  } else {
    answer.body = body;
  }
  return answer;
}

// Nobody keeps what a stream said. Its beginning tells when to come back, and opens it at once.
Answer Stream(const Asked& asked) {
  constexpr std::string_view kBegin = "retry: 5000\n\n";
  if (!asked.may_stream)
    return ErrorAnswer(Route::kEvents, 503, "8 streams are open already, or 2 of yours");
  return {.route = Route::kEvents,
          .content_type = ContentTypeOf(DocumentType::kEvents),
          .body = kBegin,
          .stream = true};
}

std::optional<Document> Look(const Documents& documents, Route route, std::string_view path) {
  auto found = documents.Find(path);
  const bool short_id = route == Route::kContainer && path.size() >= kContainer.size() + kShortId;
  return !found && short_id ? documents.FindBeginning(path) : found;
}

}  // namespace

// Messages are our own constants: nothing of a request comes back in one.
Answer ErrorAnswer(Route route, int status, std::string_view message) {
  Answer answer{.status = status, .route = route, .content_type = kJson};
  answer.text = R"({"error":{"code":")";
  answer.text += CodeOfStatus(status);
  answer.text += R"(","message":")";
  answer.text += message;
  answer.text += "\"}}\n";
  answer.length = answer.text.size();
  return answer;
}

Headers HeadersWith(const Headers& configured) {
  Headers all(kGuardHeaders.begin(), kGuardHeaders.end());
  for (const auto& [name, value] : configured) {
    std::erase_if(
        all, [&](const auto& one) { return strcasecmp(one.first.c_str(), name.c_str()) == 0; });
    all.emplace_back(name, value);
  }
  return all;
}

std::string LastResponse(int status, std::string_view message, const Headers& headers,
                         bool with_body) {
  const Answer answer = ErrorAnswer(Route::kOther, status, message);
  std::string text = "HTTP/1.1 " + std::to_string(status) + " ";
  text += ReasonOfStatus(status);
  if (status == 401) text += "\r\nWWW-Authenticate: Basic realm=\"hullmark\", charset=\"UTF-8\"";
  text += "\r\nConnection: close\r\nContent-Type: ";
  text += answer.content_type;
  text += "\r\nContent-Length: " + std::to_string(answer.length) + "\r\n";
  for (const auto& [name, value] : headers) {
    text += name;
    text += ": ";
    text += value;
    text += "\r\n";
  }
  return text + "\r\n" + (with_body ? answer.text : "");
}

Answer AnswerTo(const Asked& asked, const std::shared_ptr<const Documents>& documents, ApiRule api,
                std::chrono::nanoseconds now) {
  const Route route = RouteOf(asked.path);
  if (route == Route::kOther) return ErrorAnswer(route, 404, "there is nothing at this path");
  if (asked.method != "GET" && asked.method != "HEAD") {
    return ErrorAnswer(route, 405, "only GET and HEAD: nothing can be changed here");
  }
  if (route == Route::kHealthz) return Plain(route, "alive\n");
  if (route == Route::kReadyz) return Readiness(documents.get(), now);
  if (!MayAsk(asked, route, api)) {
    return ErrorAnswer(route, 403,
                       "served to who is authenticated, or asks this host by an address or as "
                       "localhost: see api in the configuration");
  }
  if (route == Route::kOpenApi) {
    const std::string_view text = OpenApiText();
    return {.route = route, .content_type = kJson, .body = text, .length = text.size()};
  }
  if (route == Route::kReport && asked.format.value_or("json") != "json") {
    return ErrorAnswer(route, 400, "format: only json is known");
  }
  if (documents == nullptr) return ErrorAnswer(route, 503, "the first scan is not done yet");
  if (route == Route::kEvents) return Stream(asked);
  const auto found = Look(*documents, route, asked.path);
  if (found) return Send(route, *found, asked, documents);
  return route == Route::kContainer
             ? ErrorAnswer(route, 404, "no container has this id, or several begin with it")
             : ErrorAnswer(route, 503, "not published");
}

}  // namespace hullmark
