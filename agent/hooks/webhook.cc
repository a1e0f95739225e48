// SPDX-License-Identifier: Apache-2.0
#include "agent/hooks/webhook.h"

#include <httplib.h>
#include <sys/types.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "agent/hooks/delivery.h"
#include "agent/hooks/endpoints.h"
#include "agent/hooks/outbound.h"
#include "agent/hooks/retry_after.h"
#include "agent/hooks/tls_client.h"

namespace hullmark {
namespace {

constexpr std::size_t kMostAnswer = std::size_t{64} << 10;
// httplib matches it with std::regex, which takes stack for each of its bytes.
constexpr std::size_t kMostStatusLine = 1024;

// httplib's way to a receiver: our connection, with its deadline and bounds.
class AnswerStream : public httplib::Stream {
 public:
  explicit AnswerStream(Outbound& connection) : connection_(connection) {}

  bool is_readable() const override { return true; }
  bool is_writable() const override { return true; }
  ssize_t read(char* into, std::size_t size) override {
    if (unread_.empty()) {
      const ssize_t got = connection_.Read(buffer_);
      if (got <= 0) return got;
      unread_ = {buffer_.data(), static_cast<std::size_t>(got)};
    }
    const std::size_t length = unread_.copy(into, size);
    const auto taken = unread_.substr(0, length);
    unread_.remove_prefix(length);
    if (!status_line_ended_) {
      status_line_ended_ = taken.contains('\n');
      if ((taken_ += length) > kMostStatusLine && !status_line_ended_) return -1;
    }
    heard_ = true;
    return static_cast<ssize_t>(length);
  }
  ssize_t write(const char* bytes, std::size_t size) override {
    return connection_.Write({bytes, size});
  }
  void get_remote_ip_and_port(std::string& /*ip*/, int& port) const override { port = 0; }
  void get_local_ip_and_port(std::string& /*ip*/, int& port) const override { port = 0; }
  int socket() const override { return 0; }

  bool heard() const { return heard_; }
  bool is_used_up() const { return unread_.empty(); }

 private:
  Outbound& connection_;
  std::array<char, 4096> buffer_{};
  std::string_view unread_;
  std::size_t taken_ = 0;
  bool status_line_ended_ = false, heard_ = false;
};

// httplib's writer of requests and parser of answers without its sockets: those wait for each piece
// anew, take what they get, and read files for names and certificates.
class Engine : private httplib::ClientImpl {
 public:
  Engine() : httplib::ClientImpl("none.invalid") {
    set_follow_location(false);
    set_decompress(false);
    set_url_encode(false);
  }

  bool Run(AnswerStream& stream, httplib::Request& request, httplib::Response& response) {
    httplib::Error error = httplib::Error::Success;
    return process_request(stream, request, response, false, error);
  }
};

// As in a URL; the usual ports are left out.
std::string HostOf(const Endpoint& endpoint) {
  constexpr int kHttps = 443, kHttp = 80;
  const bool v6 = endpoint.host.contains(':');
  const std::string host = v6 ? "[" + endpoint.host + "]" : endpoint.host;
  return endpoint.port == (endpoint.tls ? kHttps : kHttp)
             ? host
             : host + ":" + std::to_string(endpoint.port);
}

httplib::Request RequestOf(const Endpoint& endpoint, const std::string& agent,
                           const std::string& key, const std::string& body) {
  httplib::Request request;
  request.method = "POST";
  request.path = endpoint.target;
  request.headers = {{"Host", HostOf(endpoint)},
                     {"User-Agent", agent},
                     {"Accept", "*/*"},
                     {"Content-Type", endpoint.content_type},
                     {"Idempotency-Key", key}};
  if (!endpoint.token.empty()) request.headers.emplace("Authorization", "Bearer " + endpoint.token);
  if (!endpoint.secret.empty()) {
    request.headers.emplace("X-Hullmark-Signature", "sha256=" + Signature(endpoint.secret, body));
  }
  request.body = body;
  return request;
}

bool Closes(const httplib::Response& response) {
  std::string connection = response.get_header_value("Connection");
  std::ranges::transform(connection, connection.begin(), [](char byte) {
    return byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte - 'A' + 'a') : byte;
  });
  return connection.contains("close") || response.version != "HTTP/1.1";
}

}  // namespace

WebhookLine::WebhookLine(Endpoint endpoint, const World& world)
    : endpoint_(std::move(endpoint)), world_(world) {
  if (!endpoint_.tls) return;
  if (auto tls = TlsClient::Make(endpoint_)) tls_ = std::move(*tls);
}

// Whatever comes after the head decides nothing: the body is read so that the connection can be
// used again, and only if it is short.
WebhookLine::Exchange WebhookLine::Post(Outbound& connection, const std::string& key,
                                        const std::string& body) const {
  httplib::Request request = RequestOf(endpoint_, world_.agent, key, body);
  httplib::Response response;
  int status = 0;
  std::string retry_after;
  const auto take_head = [&](const httplib::Response& head) {
    status = head.status;
    retry_after = head.get_header_value("Retry-After");
    return true;
  };
  request.response_handler = take_head;
  request.content_receiver = [](const char*, std::size_t, std::uint64_t, std::uint64_t) {
    return true;
  };
  AnswerStream stream(connection);
  const bool whole = Engine().Run(stream, request, response);
  if (whole && status == 0) take_head(response);  // Of an answer without a body.
  Exchange exchange{.heard = stream.heard()};
  exchange.reusable = whole && stream.is_used_up() && !Closes(response);
  if (status != 0) {
    exchange.outcome = {.attempt = AttemptOfStatus(status), .status = status};
    if (exchange.outcome.attempt == Attempt::kRefused) {
      exchange.outcome.retry_after = ParseRetryAfter(retry_after, world_.now());
    }
  } else {
    const bool late = connection.why() == Attempt::kTimeout;
    exchange.outcome.attempt = late             ? Attempt::kTimeout
                               : stream.heard() ? Attempt::kGarbage
                                                : connection.why();
  }
  return exchange;
}

AttemptEnd WebhookLine::Try(const std::string& key, const std::string& body,
                            Outbound::Moment deadline) {
  auto opened = Outbound::Open(endpoint_, tls_.get(), world_.hosts, deadline);
  if (!opened) return {.attempt = opened.error()};
  (*opened)->Begin(deadline, kMostAnswer);
  Exchange exchange = Post(**opened, key, body);
  if (exchange.reusable) connection_ = std::move(*opened);
  return exchange.outcome;
}

AttemptEnd WebhookLine::Deliver(const std::string& key, const std::string& body) {
  if (endpoint_.tls && !tls_) return {.attempt = Attempt::kUntrusted};
  const auto deadline = std::chrono::steady_clock::now() + endpoint_.timeout;
  auto kept = std::exchange(connection_, nullptr);
  if (!kept || !kept->Begin(deadline, kMostAnswer)) return Try(key, body, deadline);
  Exchange exchange = Post(*kept, key, body);
  // Receivers close connections that were idle for long: this one as we wrote.
  const bool stale = !exchange.heard && exchange.outcome.attempt == Attempt::kUnconnected;
  if (stale) return Try(key, body, deadline);
  if (exchange.reusable) connection_ = std::move(kept);
  return exchange.outcome;
}

}  // namespace hullmark
