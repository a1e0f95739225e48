// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "agent/base/file.h"
#include "agent/gateway/answer.h"
#include "agent/gateway/connection.h"
#include "agent/gateway/documents.h"
#include "agent/gateway/requests.h"
#include "agent/gateway/responder.h"
#include "hullmark/result.h"

namespace hullmark {

struct ServerOptions {
  std::vector<std::string> listen{};  // See ListenAddress.
  ApiRule api = ApiRule::kLoopback;
};

// Another descriptor for the server's loop to watch.
struct ServerControl {
  int fd = -1;
  std::function<bool()> readable{};      // False: stop serving.
  std::function<void()> now_and_then{};  // About once a second.
};

// Serves published documents: one thread waits for clients, two answer.
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

  // Serves until Stop() or until `control` says so, once. Threads begin here: what a process gives
  // up before, they never had.
  void Serve(const ServerControl& control);
  void Stop();

 private:
  static constexpr std::size_t kWorkers = 2;

  struct Job {
    std::unique_ptr<Connection> connection;
    std::string head;  // "": it is too large.
  };

  Server(ApiRule api, std::vector<Fd> listening, Fd wake);
  void Work();
  void Count(Route route, int status);
  void Wake() const;
  std::shared_ptr<const Documents> Latest() const;
  void Wait(const ServerControl& control, bool& control_ready);
  void Accept(const Fd& listening);
  bool MakeRoom();
  void TakeBack();
  void DispatchOrDrop();

  ApiRule api_;
  std::vector<Fd> listening_;
  Fd wake_;                                               // An eventfd.
  std::vector<std::unique_ptr<Connection>> connections_;  // Those that wait for their client.
  bool out_of_descriptors_ = false;                       // For a client that waits.
  std::size_t working_ = 0;                               // Connections that are with a worker.
  std::array<std::array<std::atomic<std::uint64_t>, kAnswerCodes.size()>, kRoutes> counts_{};
  std::atomic<bool> stopping_ = false;

  mutable std::mutex latest_mutex_;
  std::shared_ptr<const Documents> latest_;

  std::mutex jobs_mutex_;  // Of the next three.
  std::condition_variable jobs_wait_;
  std::deque<Job> jobs_;
  std::vector<std::unique_ptr<Connection>> returned_;
  std::vector<std::thread> workers_;
};

}  // namespace hullmark
