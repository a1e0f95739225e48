// SPDX-License-Identifier: Apache-2.0
#include "agent/gateway/server.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "agent/base/file.h"
#include "agent/gateway/answer.h"
#include "agent/gateway/connection.h"
#include "agent/gateway/documents.h"
#include "agent/gateway/listener.h"
#include "agent/gateway/requests.h"
#include "agent/gateway/responder.h"
#include "hullmark/result.h"

namespace hullmark {
namespace {

constexpr std::size_t kMostConnections = 256;
constexpr int kLoopMilliseconds = 250;  // Deadlines are looked at this often.

Connection::Moment Now() { return std::chrono::steady_clock::now(); }

short EventsOf(const Connection& connection) {
  return connection.state() == Connection::State::kWriting ? POLLOUT : POLLIN;
}

}  // namespace

Result<std::unique_ptr<Server>> Server::Bind(const ServerOptions& options) {
  std::vector<Fd> listening;
  for (const std::string& text : options.listen) {
    const auto address = ParseListenAddress(text);
    if (!address) return std::unexpected(address.error());
    auto socket = ListenOn(*address, text);
    if (!socket) return std::unexpected(socket.error());
    listening.push_back(std::move(*socket));
  }
  Fd wake(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake) return Fail(CodeOfErrno(errno), std::string("eventfd: ") + std::strerror(errno));
  return std::unique_ptr<Server>(new Server(options.api, std::move(listening), std::move(wake)));
}

Server::Server(ApiRule api, std::vector<Fd> listening, Fd wake)
    : api_(api), listening_(std::move(listening)), wake_(std::move(wake)) {}

Server::~Server() {
  Stop();
  for (std::thread& worker : workers_) worker.join();
}

void Server::Stop() {
  {
    const std::lock_guard lock(jobs_mutex_);
    stopping_ = true;
  }
  jobs_wait_.notify_all();
  Wake();
}

void Server::Wake() const {
  const std::uint64_t one = 1;
  // Full means that it is awake already.
  [[maybe_unused]] const ssize_t written = write(wake_.get(), &one, sizeof one);
}

std::vector<std::string> Server::Addresses() const {
  std::vector<std::string> addresses;
  for (const Fd& socket : listening_) addresses.push_back(LocalAddressOf(socket.get()));
  return addresses;
}

void Server::Publish(std::shared_ptr<const Documents> documents) {
  const std::lock_guard lock(latest_mutex_);
  latest_.swap(documents);
}

std::shared_ptr<const Documents> Server::Latest() const {
  const std::lock_guard lock(latest_mutex_);
  return latest_;
}

RequestCounts Server::Counts() const {
  RequestCounts counts{};
  for (std::size_t route = 0; route < kRoutes; ++route) {
    for (std::size_t code = 0; code < kAnswerCodes.size(); ++code) {
      counts[route][code] = counts_[route][code].load(std::memory_order_relaxed);
    }
  }
  return counts;
}

void Server::Count(Route route, int status) {
  counts_[static_cast<std::size_t>(route)][ColumnOf(status)].fetch_add(1,
                                                                       std::memory_order_relaxed);
}

void Server::Work() {
  Responder responder(
      api_, [this] { return Latest(); }, [this](Route route, int status) { Count(route, status); });
  std::unique_lock lock(jobs_mutex_);
  while (true) {
    jobs_wait_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
    if (stopping_) return;
    Job job = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    if (job.head.empty()) {
      responder.Refuse(*job.connection, 431, "the head of a request ends within 16 KiB");
    } else {
      responder.Respond(job.head, *job.connection);
    }
    lock.lock();
    returned_.push_back(std::move(job.connection));
    Wake();
  }
}

void Server::Serve(const ServerControl& control) {
  for (std::size_t i = 0; i < kWorkers; ++i) workers_.emplace_back([this] { Work(); });
  auto next = Now();
  while (!stopping_) {
    bool control_ready = false;
    Wait(control, control_ready);
    if (control_ready && !control.readable()) return;
    TakeBack();
    DispatchOrDrop();
    if (control.now_and_then && Now() >= next) {
      control.now_and_then();
      next = Now() + std::chrono::seconds(1);
    }
  }
}

// One round of poll(2): accepts, reads and writes what can be.
void Server::Wait(const ServerControl& control, bool& control_ready) {
  std::vector<pollfd> wanted = {{.fd = wake_.get(), .events = POLLIN, .revents = 0},
                                {.fd = control.fd, .events = POLLIN, .revents = 0}};
  const bool room = MakeRoom();
  for (const Fd& socket : listening_) {
    wanted.push_back({.fd = room ? socket.get() : -1, .events = POLLIN, .revents = 0});
  }
  for (const auto& connection : connections_) {
    wanted.push_back({.fd = connection->fd(), .events = EventsOf(*connection), .revents = 0});
  }
  if (poll(wanted.data(), wanted.size(), kLoopMilliseconds) <= 0) return;
  std::uint64_t drained = 0;
  if (wanted[0].revents != 0 && read(wake_.get(), &drained, sizeof drained) < 0) drained = 0;
  control_ready = wanted[1].revents != 0;
  const std::size_t first = 2 + listening_.size();
  const std::size_t known = wanted.size() - first;
  for (std::size_t i = 0; i < known; ++i) {
    if (wanted[first + i].revents != 0) connections_[i]->Continue(Now());
  }
  for (std::size_t i = 0; i < listening_.size(); ++i) {
    if (wanted[2 + i].revents != 0) Accept(listening_[i]);
  }
}

void Server::Accept(const Fd& listening) {
  bool first = true;
  while (connections_.size() + working_ < kMostConnections) {
    Fd socket(accept4(listening.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!socket) {
      // Said before it looks whether anybody waits: only of the first, somebody does.
      const bool out = errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM;
      if (first && out) out_of_descriptors_ = true;
      return;
    }
    first = false;
    const bool local = IsLocal(socket.get());
    connections_.push_back(std::make_unique<Connection>(std::move(socket), local, Now()));
  }
}

// At the bound the client that has been idle longest has to go; if none is, the next ones wait: not
// in poll(2), which would return at once.
bool Server::MakeRoom() {
  const bool out = std::exchange(out_of_descriptors_, false);
  if (!out && connections_.size() + working_ < kMostConnections) return true;
  auto longest = connections_.end();
  for (auto each = connections_.begin(); each != connections_.end(); ++each) {
    if (!(*each)->IsIdle()) continue;
    if (longest == connections_.end() || (*each)->deadline() < (*longest)->deadline()) {
      longest = each;
    }
  }
  if (longest == connections_.end()) return false;
  connections_.erase(longest);
  return true;
}

void Server::TakeBack() {
  const std::lock_guard lock(jobs_mutex_);
  for (auto& connection : returned_) connections_.push_back(std::move(connection));
  working_ -= returned_.size();
  returned_.clear();
}

// Whole requests go to the workers, finished connections away.
void Server::DispatchOrDrop() {
  std::vector<Job> ready;
  for (auto& connection : connections_) {
    if (connection->deadline() <= Now() && connection->Expire(Now())) Count(Route::kOther, 408);
    auto head = connection->TakeHead();
    const bool too_large =
        connection->state() == Connection::State::kReading && !head && connection->IsTooLarge();
    if (!head && !too_large) continue;
    ready.push_back({.connection = std::move(connection), .head = std::move(head).value_or("")});
  }
  std::erase_if(connections_, [](const std::unique_ptr<Connection>& connection) {
    return !connection || connection->state() == Connection::State::kDone;
  });
  if (ready.empty()) return;
  working_ += ready.size();
  {
    const std::lock_guard lock(jobs_mutex_);
    std::ranges::move(ready, std::back_inserter(jobs_));
  }
  jobs_wait_.notify_all();
}

}  // namespace hullmark
