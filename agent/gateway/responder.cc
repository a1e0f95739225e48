// SPDX-License-Identifier: Apache-2.0
#include "agent/gateway/responder.h"

#include <httplib.h>
#include <time.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "agent/gateway/answer.h"
#include "agent/gateway/connection.h"
#include "agent/gateway/requests.h"

namespace hullmark {
namespace {

std::chrono::nanoseconds BootTime() {
  timespec now = {};
  clock_gettime(CLOCK_BOOTTIME, &now);
  return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

// A request that was read and an answer that goes to a connection.
class MemoryStream : public httplib::Stream {
 public:
  MemoryStream(std::string_view request, Connection& connection)
      : request_(request), connection_(connection) {}

  bool is_readable() const override { return !request_.empty(); }
  bool is_writable() const override { return true; }
  ssize_t read(char* into, std::size_t size) override {
    const std::size_t length = request_.copy(into, size);
    request_.remove_prefix(length);
    return static_cast<ssize_t>(length);
  }
  ssize_t write(const char* bytes, std::size_t size) override {
    return connection_.Write({bytes, size}) ? static_cast<ssize_t>(size) : -1;
  }
  void get_remote_ip_and_port(std::string& /*ip*/, int& port) const override { port = 0; }
  void get_local_ip_and_port(std::string& /*ip*/, int& port) const override { port = 0; }
  // httplib compares it with FD_SETSIZE and does nothing else.
  int socket() const override { return 0; }

 private:
  std::string_view request_;
  Connection& connection_;
};

bool HasBody(const httplib::Request& request) {
  const std::string length = request.get_header_value("Content-Length");
  return (!length.empty() && length != "0") || request.has_header("Transfer-Encoding");
}

}  // namespace

// httplib's request parser and response writer without its sockets and threads: those wait for slow
// clients in a worker, and their errors do not say what went wrong.
class Responder::Engine : private httplib::Server {
 public:
  Engine(ApiRule api, Latest latest, Count count)
      : api_(api), latest_(std::move(latest)), count_(std::move(count)) {
    svr_sock_ = 0;  // Any socket: without one httplib takes itself for stopped and sends no bodies.
    set_default_headers(
        {{"X-Content-Type-Options", "nosniff"},
         {"Content-Security-Policy",
          "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"}});
    set_keep_alive_timeout(60);
    set_keep_alive_max_count(1'000);  // Only said: connections end by time and number.
    set_pre_routing_handler([this](const httplib::Request& request, httplib::Response& response) {
      Fill(AnswerTo(AskedBy(request), latest_(), api_, BootTime()), response);
      return HandlerResponse::Handled;
    });
    // Only what httplib itself refuses comes here unanswered.
    set_error_handler(
        HandlerWithResponse([this](const httplib::Request&, httplib::Response& response) {
          if (!answered_) {
            Fill(ErrorAnswer(Route::kOther, response.status, "this is no request that can be read"),
                 response);
            close_ = true;
          }
          return HandlerResponse::Handled;
        }));
    set_expect_100_continue_handler(
        [](const httplib::Request&, httplib::Response&) { return 417; });
    set_logger([this](const httplib::Request&, const httplib::Response& response) {
      count_(route_, response.status);
    });
  }

  void Respond(std::string_view head, Connection& connection) {
    connection_ = &connection;
    answered_ = close_ = false;
    route_ = Route::kOther;
    MemoryStream stream(head, connection);
    bool closed = false;
    const bool written = process_request(stream, false, closed,
                                         [this](httplib::Request& request) { Prepare(request); });
    connection.EndAnswer(written && !closed && !close_, std::chrono::steady_clock::now());
  }

  void RefuseHead(Connection& connection) {
    connection.Write(
        "HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\n"
        "Content-Length: 0\r\n\r\n");
    connection.EndAnswer(false, std::chrono::steady_clock::now());
    count_(Route::kOther, 431);
  }

 private:
  // Ranges are optional for a server; several of them multiply the work of a request.
  void Prepare(httplib::Request& request) {
    request.ranges.clear();
    if (!HasBody(request)) return;
    request.headers.erase("Connection");
    request.set_header("Connection", "close");
    close_ = true;
  }

  // Views are of the request, which outlives the answer's making.
  Asked AskedBy(const httplib::Request& request) {
    const auto view = [&request](const char* name) {
      const auto found = request.headers.find(name);
      return found == request.headers.end() ? std::string_view() : std::string_view(found->second);
    };
    Asked asked{.method = request.method,
                .path = request.path,
                .if_none_match = view("If-None-Match"),
                .accept_encoding = view("Accept-Encoding"),
                .local = connection_->local()};
    const auto format = request.params.find("format");
    if (format != request.params.end()) asked.format = format->second;
    return asked;
  }

  void Fill(Answer answer, httplib::Response& response) {
    answered_ = true;
    route_ = answer.route;
    response.status = answer.status;
    if (answer.status == 405) response.set_header("Allow", std::string(kAllowed));
    if (answer.varies) response.set_header("Vary", "Accept-Encoding");
    if (!answer.etag.empty()) {
      response.set_header("ETag", answer.etag);
      response.set_header("Cache-Control", "no-cache");
    }
    if (answer.status == 304) {
      response.set_header("Content-Length", std::to_string(answer.length));
      return;
    }
    if (answer.gzip) response.set_header("Content-Encoding", "gzip");
    SetBody(std::move(answer), response);
  }

  // Never set_content: it compresses text, once more if need be. See docs/decisions/0009.
  void SetBody(Answer answer, httplib::Response& response) {
    const std::string type(answer.content_type);
    const std::size_t length = answer.length;
    if (answer.documents) connection_->Lend(answer.body, answer.documents);
    const auto kept = std::make_shared<const Answer>(std::move(answer));
    response.set_content_provider(
        length, type, [kept](std::size_t offset, std::size_t size, httplib::DataSink& sink) {
          const std::string_view body = kept->text.empty() ? kept->body : kept->text;
          return sink.write(body.data() + offset, std::min(size, body.size() - offset));
        });
  }

  ApiRule api_;
  Latest latest_;
  Count count_;
  Connection* connection_ = nullptr;
  Route route_ = Route::kOther;
  bool answered_ = false;
  bool close_ = false;
};

Responder::Responder(ApiRule api, Latest latest, Count count)
    : engine_(std::make_unique<Engine>(api, std::move(latest), std::move(count))) {}

Responder::~Responder() = default;

void Responder::Respond(std::string_view head, Connection& connection) {
  engine_->Respond(head, connection);
}

void Responder::RefuseHead(Connection& connection) { engine_->RefuseHead(connection); }

}  // namespace hullmark
