// SPDX-License-Identifier: Apache-2.0
#include "agent/gateway/responder.h"

#include <httplib.h>
#include <sys/types.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "agent/base/boot_time.h"
#include "agent/gateway/address.h"
#include "agent/gateway/answer.h"
#include "agent/gateway/connection.h"
#include "agent/gateway/documents.h"
#include "agent/gateway/event_id.h"
#include "agent/gateway/head.h"
#include "agent/gateway/requests.h"

namespace hullmark {
namespace {

Connection::Moment Now() { return std::chrono::steady_clock::now(); }

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

// By a name that is somebody else's a browser is local too.
bool IsLocal(const Connection& connection, const RequestHead& head) {
  return connection.origin() == Origin::kUnixSocket ||
         (connection.origin() == Origin::kLoopback && IsAddressOrLocalhost(head.host));
}

// The head as httplib gets it: what nobody can misread, and no more than it needs.
std::string Rewritten(const RequestHead& head) {
  return head.method + " " + head.target + " HTTP/1.1\r\n" +
         (head.close ? "Connection: close\r\n" : "") + "\r\n";
}

}  // namespace

// httplib's request parser and response writer without its sockets and threads: those wait for slow
// clients in a worker, and their errors do not say what went wrong.
class Responder::Engine : private httplib::Server {
 public:
  Engine(ApiRule api, Latest latest, Count count, MayStream may_stream)
      : api_(api),
        latest_(std::move(latest)),
        count_(std::move(count)),
        may_stream_(std::move(may_stream)) {
    svr_sock_ = 0;  // Any socket: without one httplib takes itself for stopped and sends no bodies.
    SetHeaders({});
    set_keep_alive_timeout(60);
    set_keep_alive_max_count(1'000);  // Only said: connections end by time and number.
    set_pre_routing_handler([this](const httplib::Request& request, httplib::Response& response) {
      Fill(AnswerTo(AskedBy(request), latest_(), api_, BootTime()), response);
      return HandlerResponse::Handled;
    });
    // It would answer with the exception's text.
    set_exception_handler([](const httplib::Request&, httplib::Response&,
                             const std::exception_ptr& thrown) { std::rethrow_exception(thrown); });
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
    set_post_routing_handler([this](const httplib::Request&, httplib::Response& response) {
      response.headers.erase("Accept-Ranges");  // It says so of every HEAD.
      if (!close_) return;
      response.headers.erase("Keep-Alive");
      response.headers.erase("Connection");
      response.set_header("Connection", "close");
    });
    set_logger([this](const httplib::Request&, const httplib::Response& response) {
      count_(route_, response.status);
    });
  }

  void SetHeaders(const Headers& headers) {
    headers_ = HeadersWith(headers);
    set_default_headers({headers_.begin(), headers_.end()});
  }

  void Respond(const RequestHead& head, bool authenticated, Connection& connection) {
    head_ = head;
    authenticated_ = authenticated || connection.IsVerified();
    connection_ = &connection;
    answered_ = false;
    close_ = head_.close || connection.IsLast();
    stream_ = false;
    route_ = Route::kOther;
    const std::string rewritten = Rewritten(head_);
    MemoryStream stream(rewritten, connection);
    bool closed = false;
    const bool written = process_request(stream, false, closed, nullptr);
    if (written && stream_) return connection.BeginStream(told_, Now());
    connection.EndAnswer(written && !closed && !close_, Now());
  }

  void Refuse(Connection& connection, int status, std::string_view message, bool with_body) {
    connection.Write(LastResponse(status, message, headers_, with_body));
    connection.EndAnswer(false, Now());
    count_(Route::kOther, status);
  }

 private:
  // What a stream goes on after: what the client says, else what is there now.
  EventId LastTold() const {
    const auto documents = latest_();
    const Publication made = documents ? documents->publication() : Publication{};
    EventId told = head_.last_event_id.value_or(EventId{.number = made.last_event});
    if (told.life == 0) told.life = made.life;
    return told;
  }

  // Views are of the request and the head, which outlive the answer's making.
  Asked AskedBy(const httplib::Request& request) {
    Asked asked{.method = request.method,
                .path = request.path,
                .if_none_match = head_.if_none_match,
                .accept_encoding = head_.accept_encoding,
                .local = IsLocal(*connection_, head_),
                .authenticated = authenticated_,
                .may_stream = request.path == kEventsPath && may_stream_(*connection_)};
    const auto format = request.params.find("format");
    if (format != request.params.end()) asked.format = format->second;
    return asked;
  }

  void Fill(Answer answer, httplib::Response& response) {
    answered_ = true;
    route_ = answer.route;
    response.status = answer.status;
    if (answer.status == 405) response.set_header("Allow", std::string(kAllowedMethods));
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
    if (answer.stream) return BeginStream(answer, response);
    SetBody(std::move(answer), response);
  }

  // Without a length the end of the connection is the end of the body.
  void BeginStream(const Answer& answer, httplib::Response& response) {
    response.set_header("Cache-Control", "no-store");
    close_ = true;
    told_ = LastTold();
    // Who knows of none yet can come back after this one.
    const std::string begin =
        (head_.last_event_id ? "" : "id: " + TextOf(told_) + "\n") + std::string(answer.body);
    response.set_content_provider(std::string(answer.content_type),
                                  [this, begin](std::size_t /*offset*/, httplib::DataSink& sink) {
                                    stream_ = true;  // Not of a HEAD.
                                    sink.write(begin.data(), begin.size());
                                    sink.done();
                                    return true;
                                  });
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
  MayStream may_stream_;
  Connection* connection_ = nullptr;
  RequestHead head_;
  Headers headers_;  // Of every answer.
  Route route_ = Route::kOther;
  EventId told_;  // To the stream that begins.
  bool answered_ = false;
  bool authenticated_ = false;
  bool close_ = false;
  bool stream_ = false;
};

Responder::Responder(ApiRule api, Latest latest, Count count, MayStream may_stream)
    : engine_(std::make_unique<Engine>(api, std::move(latest), std::move(count),
                                       std::move(may_stream))) {}

Responder::~Responder() = default;

void Responder::SetHeaders(const Headers& headers) { engine_->SetHeaders(headers); }

void Responder::Respond(const RequestHead& head, bool authenticated, Connection& connection) {
  try {
    engine_->Respond(head, authenticated, connection);
  } catch (const std::exception&) {  // Of memory that is used up, or a bug of httplib's.
    if (connection.IsAnswering()) {
      connection.EndAnswer(false, Now());
    } else {
      engine_->Refuse(connection, 500, "this request cannot be answered now",
                      head.method != "HEAD");
    }
  }
}

void Responder::Refuse(Connection& connection, int status, std::string_view message,
                       bool with_body) {
  engine_->Refuse(connection, status, message, with_body);
}

}  // namespace hullmark
