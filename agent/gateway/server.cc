// SPDX-License-Identifier: Apache-2.0
#include "agent/gateway/server.h"

#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <expected>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/base/file.h"
#include "agent/gateway/address.h"
#include "agent/gateway/connection.h"
#include "agent/gateway/documents.h"
#include "agent/gateway/entrance.h"
#include "agent/gateway/guests.h"
#include "agent/gateway/poller.h"
#include "agent/gateway/requests.h"
#include "agent/gateway/stream.h"
#include "agent/gateway/web_settings.h"
#include "hullmark/result.h"

namespace hullmark {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kTick{1'000};
constexpr milliseconds kUntilRoom{100};  // Before it looks again whether there is room.
constexpr std::size_t kMostStreams = 8, kMostStreamsOfClient = 2;
constexpr std::size_t kOldSets = 3;  // That are still being sent.
constexpr int kAcceptedAtOnce = 64;  // Then those that are here come first.

// Tags below those of the guests; listening sockets follow.
constexpr std::uint64_t kControlTag = 0, kWakeTag = 1, kListeningTag = 2;

// sendfile(2) of a client that has gone is an error, not the end of the process.
void BlockBrokenPipes() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

Connection::Moment Now() { return std::chrono::steady_clock::now(); }

}  // namespace

Result<std::unique_ptr<Server>> Server::Bind(const ServerOptions& options) {
  auto entrance = Entrance::Open(options.listen);
  if (!entrance) return std::unexpected(entrance.error());
  Fd wake(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake) return Fail(CodeOfErrno(errno), std::string("eventfd: ") + std::strerror(errno));
  auto poller = Poller::Create();
  if (!poller) return std::unexpected(poller.error());
  return std::unique_ptr<Server>(
      new Server(options, std::move(*entrance), std::move(wake), std::move(*poller)));
}

Server::Server(const ServerOptions& options, Entrance entrance, Fd wake, Poller poller)
    : entrance_(std::move(entrance)),
      wake_(std::move(wake)),
      poller_(std::move(poller)),
      web_missing_(options.web),
      responder_(
          options.api, [this] { return Latest(); },
          [this](Route route, int status) { counter_.Count(route, status); },
          [this](const Connection& connection) { return MayStream(connection); }),
      admission_(responder_, [this] { Wake(); }) {
  poller_.Add(wake_.get(), EPOLLIN, kWakeTag);
  entrance_.Watch(poller_, kListeningTag);
  entrance_.Set(poller_, !web_missing_);
}

Server::~Server() = default;

void Server::Stop() {
  stopping_ = true;
  Wake();
}

void Server::Wake() const {
  const std::uint64_t one = 1;
  // Full means that it is awake already.
  [[maybe_unused]] const ssize_t written = write(wake_.get(), &one, sizeof one);
}

void Server::Publish(std::shared_ptr<const Documents> documents) {
  {
    const std::lock_guard lock(latest_mutex_);
    latest_.swap(documents);
  }
  published_ = true;
  Wake();
}

std::shared_ptr<const Documents> Server::Latest() const {
  const std::lock_guard lock(latest_mutex_);
  return latest_;
}

Result<void> Server::SetWeb(const WebSettings& settings) {
  const auto changed = entrance_.SetTls(settings.tls);
  if (!changed) return std::unexpected(changed.error());
  // Who came in by other rules comes again; new certificates are for new connections.
  if (*changed) guests_.RemoveAll();
  // Every request is asked for its password; a stream was asked once.
  if (admission_.SetUsers(settings.users)) guests_.RemoveStreams();
  responder_.SetHeaders(settings.headers);
  web_missing_ = false;
  return {};
}

void Server::Serve(const ServerControl& control) {
  BlockBrokenPipes();
  if (control.fd >= 0) poller_.Add(control.fd, EPOLLIN, kControlTag);
  while (!stopping_ && Round(control)) {
    if (!control.now_and_then || Now() < next_tick_) continue;
    control.now_and_then();
    next_tick_ = Now() + kTick;
  }
}

// One round of epoll_wait(2): those that are here first, then the new ones. False: `control` ends.
bool Server::Round(const ServerControl& control) {
  bool control_ready = false;
  std::vector<std::size_t> knocked;
  const std::vector<Guests::Tag> again = std::exchange(again_, {});
  for (const epoll_event& event : poller_.Wait(again.empty() ? Patience() : milliseconds(0))) {
    const std::uint64_t tag = event.data.u64;
    if (tag == kControlTag) {
      control_ready = true;
    } else if (tag == kWakeTag) {
      std::uint64_t drained = 0;
      [[maybe_unused]] const ssize_t got = read(wake_.get(), &drained, sizeof drained);
    } else if (tag < Guests::kFirstTag) {
      knocked.push_back(tag - kListeningTag);
    } else {
      GoOn(tag);
    }
  }
  for (const Guests::Tag tag : again) GoOnWithNext(tag);
  admission_.Proceed([this](Guests::Tag tag) { return guests_.At(tag); },
                     [this](Guests::Tag tag) { Settle(tag); });
  if (published_.exchange(false)) ShowPublished();
  ExpireThosePast(Now());
  entrance_.Set(poller_, entrance_.IsOpen() || (!web_missing_ && guests_.HasRoom()));
  for (const std::size_t at : knocked) Accept(at);
  return !control_ready || control.readable();
}

void Server::GoOn(Guests::Tag tag) {
  Connection* const connection = guests_.At(tag);
  if (connection == nullptr) return;
  connection->Continue(Now());
  GoOnWithStream(*connection, Latest(), Now());
  Answer(tag);
}

void Server::GoOnWithNext(Guests::Tag tag) {
  Connection* const connection = guests_.At(tag);
  if (connection != nullptr && connection->HasMore()) connection->Continue(Now());
  Answer(tag);
}

// Until the next deadline.
milliseconds Server::Patience() const {
  const Moment now = Now();
  Moment next = now + (entrance_.IsOpen() ? kTick : kUntilRoom);
  guests_.ForEach([&next](Guests::Tag, const Connection& connection) {
    next = std::min(next, connection.deadline());
  });
  return std::max(milliseconds(0), std::chrono::ceil<milliseconds>(next - now));
}

void Server::Accept(std::size_t at) {
  for (int count = 0; count < kAcceptedAtOnce && entrance_.IsOpen(); ++count) {
    if (!guests_.HasRoom()) return entrance_.Set(poller_, false);
    if (TakeIn(at)) continue;
    // Said before it looks whether anybody waits: only of the first, somebody does.
    const bool out = errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM;
    if (!out || count > 0) return;
    if (!guests_.RemoveOne()) entrance_.Set(poller_, false);
  }
}

// False: nobody came, see errno. One for whom there is no room is closed at once.
bool Server::TakeIn(std::size_t at) {
  Fd socket = entrance_.Accept(at);
  if (!socket) return false;
  const int fd = socket.get();
  const ClientKey client = ClientOf(fd);
  auto connection = entrance_.Meet(std::move(socket), at, Now());
  const auto tag = connection ? guests_.TakeIn(client, std::move(connection)) : std::nullopt;
  if (tag) poller_.Add(fd, EPOLLIN, *tag);
  return true;
}

// Answers a request that is whole: one at a time, so that others come in between.
void Server::Answer(Guests::Tag tag) {
  Connection* const connection = guests_.At(tag);
  if (connection == nullptr) return;
  if (const auto head = connection->TakeHead()) admission_.Receive(*head, tag, *connection, Now());
  GoOnWithStream(*connection, Latest(), Now());  // One that has just begun may be behind already.
  Settle(tag);
}

// After anything has happened to it.
void Server::Settle(Guests::Tag tag) {
  const Connection* const connection = guests_.At(tag);
  if (connection == nullptr) return;
  if (connection->state() == Connection::State::kDone) return guests_.Remove(tag);
  std::uint32_t events = connection->WantsToWrite() ? EPOLLOUT : EPOLLIN;
  if (!connection->WantsToRead()) events = 0;
  poller_.Change(connection->fd(), events, tag);
  const bool more = connection->HasHead() || connection->HasMore();
  if (more && std::ranges::count(again_, tag) == 0) again_.push_back(tag);
}

bool Server::MayStream(const Connection& connection) const {
  const ClientKey client = ClientOf(connection.fd());
  const auto streams = guests_.Where(&Connection::IsStreaming);
  const auto own = static_cast<std::size_t>(std::ranges::count_if(
      streams, [&](Guests::Tag tag) { return ClientOf(guests_.At(tag)->fd()) == client; }));
  return streams.size() < kMostStreams && own < kMostStreamsOfClient;
}

void Server::ShowPublished() {
  guests_.RemoveReadersOfOld(Latest().get(), kOldSets);
  for (const Guests::Tag tag : guests_.Where(&Connection::IsStreaming)) {
    GoOnWithStream(*guests_.At(tag), Latest(), Now());
    Settle(tag);
  }
}

void Server::ExpireThosePast(Moment now) {
  std::vector<Guests::Tag> expired;
  guests_.ForEach([&](Guests::Tag tag, Connection& connection) {
    if (connection.deadline() > now) return;
    if (connection.Expire(now)) counter_.Count(Route::kOther, 408);
    expired.push_back(tag);
  });
  for (const Guests::Tag tag : expired) Settle(tag);
}

}  // namespace hullmark
