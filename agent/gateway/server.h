// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "agent/base/file.h"
#include "agent/gateway/admission.h"
#include "agent/gateway/answer.h"
#include "agent/gateway/connection.h"
#include "agent/gateway/documents.h"
#include "agent/gateway/entrance.h"
#include "agent/gateway/guests.h"
#include "agent/gateway/poller.h"
#include "agent/gateway/request_counter.h"
#include "agent/gateway/requests.h"
#include "agent/gateway/responder.h"
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
  std::vector<std::string> Addresses() const { return entrance_.Addresses(); }

  // From any thread. Answers that are being sent keep the set that they began with; those of more
  // than three older sets are cut off.
  void Publish(std::shared_ptr<const Documents> documents);
  RequestCounts Counts() const { return counter_.Counts(); }

  // How clients are met from here on: TLS, passwords, headers. On the loop's thread, or before
  // Serve(). Error: all stays as it was.
  Result<void> SetWeb(const WebSettings& settings);
  bool HasWeb() const { return !web_missing_; }  // Else nobody is let in, see ServerOptions::web.

  // Serves until Stop(), which may come from any thread, or until `control` says so.
  void Serve(const ServerControl& control);
  void Stop();

 private:
  using Moment = Connection::Moment;

  Server(const ServerOptions& options, Entrance entrance, Fd wake, Poller poller);
  void Wake() const;
  std::shared_ptr<const Documents> Latest() const;
  bool Round(const ServerControl& control);
  void GoOn(Guests::Tag tag);
  void GoOnWithNext(Guests::Tag tag);
  void Accept(std::size_t at);
  bool TakeIn(std::size_t at);
  void Answer(Guests::Tag tag);
  void Settle(Guests::Tag tag);
  void ExpireThosePast(Moment now);
  bool MayStream(const Connection& connection) const;
  void ShowPublished();
  std::chrono::milliseconds Patience() const;

  Entrance entrance_;
  Fd wake_;  // An eventfd.
  Poller poller_;
  Guests guests_;
  std::vector<Guests::Tag> again_;  // Whose next request is here already.
  bool web_missing_;                // See ServerOptions::web.
  Moment next_tick_{};
  RequestCounter counter_;
  std::atomic<bool> stopping_ = false, published_ = false;
  Responder responder_;

  mutable std::mutex latest_mutex_;
  std::shared_ptr<const Documents> latest_;

  Admission admission_;  // The last member: its thread uses the others.
};

}  // namespace hullmark
