// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "agent/base/file.h"
#include "agent/gateway/answer.h"
#include "agent/gateway/connection.h"
#include "agent/gateway/documents.h"
#include "agent/gateway/guests.h"
#include "agent/gateway/head.h"
#include "agent/gateway/passwords.h"
#include "agent/gateway/poller.h"
#include "agent/gateway/requests.h"
#include "agent/gateway/responder.h"
#include "agent/gateway/tls.h"
#include "agent/gateway/web_settings.h"
#include "hullmark/result.h"

namespace hullmark {

struct ServerOptions {
  std::vector<std::string> listen{};  // See ListenAddress.
  ApiRule api = ApiRule::kLoopback;
  bool web = false;  // Nobody is let in before SetWeb().
};

// Another descriptor for the server's loop to watch.
struct ServerControl {
  int fd = -1;
  std::function<bool()> readable{};      // False: stop serving.
  std::function<void()> now_and_then{};  // About once a second.
};

// Serves published documents: one loop that waits for nobody. Whatever clients do, they are 256 at
// a time, 16 of one address, and have 2 s for a request of 8 KiB: see seats.h and connection.h.
class Server {
 public:
  // Listens on every address, or fails naming the one that cannot be had.
  static Result<std::unique_ptr<Server>> Bind(const ServerOptions& options);

  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server();

  // What it listens on, with the ports that the kernel chose.
  std::vector<std::string> Addresses() const;

  // From any thread. Answers that are being sent keep the set that they began with.
  void Publish(std::shared_ptr<const Documents> documents);
  RequestCounts Counts() const;

  // How clients are met from here on: TLS, passwords, headers. On the loop's thread, or before
  // Serve(). Error: all stays as it was.
  Result<void> SetWeb(const WebSettings& settings);
  bool HasWeb() const { return !web_missing_; }  // Else nobody is let in, see ServerOptions::web.

  // Serves until Stop(), which may come from any thread, or until `control` says so.
  void Serve(const ServerControl& control);
  void Stop();

 private:
  using Moment = Connection::Moment;

  struct Listening {
    Fd socket;
    bool unix_socket = false;  // Its clients are let in by the file's mode, without TLS.
  };

  Server(const ServerOptions& options, std::vector<Listening> listening, Fd wake, Poller poller);
  void Count(Route route, int status);
  void Wake() const;
  std::shared_ptr<const Documents> Latest() const;
  bool Round(const ServerControl& control);
  void Accept(const Listening& listening);
  void Welcome(Fd socket, bool unix_socket);
  void Listen(bool wanted);
  void Answer(Guests::Tag tag);
  void Admit(Guests::Tag tag, Connection& connection, RequestHead head);
  void TakeVerdicts();
  void RespondTo(Passwords::Verdict verdict, const RequestHead& head, Connection& connection);
  void Settle(Guests::Tag tag);
  void ExpireThosePast(Moment now);
  bool MayStream() const;
  void TellStreams();
  void GoOnWithStream(Connection& stream);
  std::chrono::milliseconds Patience() const;

  std::vector<Listening> listening_;
  Fd wake_;  // An eventfd.
  Poller poller_;
  Guests guests_;
  std::vector<Guests::Tag> again_;  // Whose next request is here already.
  bool web_missing_ = false;        // See ServerOptions::web.
  std::optional<TlsSettings> tls_settings_;
  std::shared_ptr<const TlsContext> tls_;
  std::map<Guests::Tag, RequestHead> checked_;  // Whose passwords are being verified.
  bool listens_ = true;                         // Else there is no room for anybody.
  Moment next_tick_{};
  std::array<std::array<std::atomic<std::uint64_t>, kAnswerCodes.size()>, kRoutes> counts_{};
  std::atomic<bool> stopping_ = false, published_ = false;
  Responder responder_;

  mutable std::mutex latest_mutex_;
  std::shared_ptr<const Documents> latest_;

  Passwords passwords_;  // The last member: its thread uses the others.
};

}  // namespace hullmark
