// SPDX-License-Identifier: Apache-2.0
#include "agent/gateway/server.h"

#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
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
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "agent/base/file.h"
#include "agent/gateway/address.h"
#include "agent/gateway/answer.h"
#include "agent/gateway/connection.h"
#include "agent/gateway/documents.h"
#include "agent/gateway/guests.h"
#include "agent/gateway/head.h"
#include "agent/gateway/listener.h"
#include "agent/gateway/passwords.h"
#include "agent/gateway/poller.h"
#include "agent/gateway/requests.h"
#include "agent/gateway/tls.h"
#include "agent/gateway/web_settings.h"
#include "agent/gateway/wire.h"
#include "hullmark/result.h"

namespace hullmark {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kTick{1'000};
constexpr milliseconds kUntilRoom{100};  // Before it looks again whether there is room.
constexpr std::size_t kMostStreams = 8;
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
  std::vector<Listening> listening;
  for (const std::string& text : options.listen) {
    const auto address = ParseListenAddress(text);
    if (!address) return std::unexpected(address.error());
    auto socket = ListenOn(*address, text);
    if (!socket) return std::unexpected(socket.error());
    listening.push_back({.socket = std::move(*socket), .unix_socket = !address->path.empty()});
  }
  Fd wake(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake) return Fail(CodeOfErrno(errno), std::string("eventfd: ") + std::strerror(errno));
  auto poller = Poller::Create();
  if (!poller) return std::unexpected(poller.error());
  return std::unique_ptr<Server>(
      new Server(options, std::move(listening), std::move(wake), std::move(*poller)));
}

Server::Server(const ServerOptions& options, std::vector<Listening> listening, Fd wake,
               Poller poller)
    : listening_(std::move(listening)),
      wake_(std::move(wake)),
      poller_(std::move(poller)),
      responder_(
          options.api, [this] { return Latest(); },
          [this](Route route, int status) { Count(route, status); },
          [this] { return MayStream(); }),
      passwords_([this] { Wake(); }) {
  poller_.Add(wake_.get(), EPOLLIN, kWakeTag);
  for (std::size_t i = 0; i < listening_.size(); ++i) {
    poller_.Add(listening_[i].socket.get(), EPOLLIN, kListeningTag + i);
  }
  web_missing_ = options.web;
  if (web_missing_) Listen(false);
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

std::vector<std::string> Server::Addresses() const {
  std::vector<std::string> addresses;
  for (const Listening& one : listening_) addresses.push_back(LocalAddressOf(one.socket.get()));
  return addresses;
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
    } else if (Connection* const connection = guests_.At(tag)) {
      connection->Continue(Now());
      GoOnWithStream(*connection);
      Answer(tag);
    }
  }
  for (const Guests::Tag tag : again) {
    Connection* const connection = guests_.At(tag);
    if (connection != nullptr && connection->HasMore()) connection->Continue(Now());
    Answer(tag);
  }
  TakeVerdicts();
  if (published_.exchange(false)) TellStreams();
  ExpireThosePast(Now());
  if (!listens_) Listen(!web_missing_ && guests_.HasRoom());
  for (const std::size_t at : knocked) Accept(listening_[at]);
  return !control_ready || control.readable();
}

// Until the next deadline.
milliseconds Server::Patience() const {
  const Moment now = Now();
  Moment next = now + (listens_ ? kTick : kUntilRoom);
  guests_.ForEach([&next](Guests::Tag, const Connection& connection) {
    next = std::min(next, connection.deadline());
  });
  return std::max(milliseconds(0), std::chrono::ceil<milliseconds>(next - now));
}

void Server::Accept(const Listening& listening) {
  for (int count = 0; count < kAcceptedAtOnce && listens_; ++count) {
    if (!guests_.HasRoom()) return Listen(false);
    Fd socket(accept4(listening.socket.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (socket) {
      Welcome(std::move(socket), listening.unix_socket);
      continue;
    }
    // Said before it looks whether anybody waits: only of the first, somebody does.
    const bool out = errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM;
    if (!out || count > 0) return;
    if (!guests_.RemoveOne()) Listen(false);
  }
}

// One for whom there is no room is closed at once.
void Server::Welcome(Fd socket, bool unix_socket) {
  const int fd = socket.get();
  const ClientKey client = ClientOf(fd);
  const bool local = IsLocal(fd);
  auto tls = tls_ && !unix_socket ? tls_->Begin(fd) : nullptr;
  if (tls_ && !unix_socket && !tls) return;
  const auto tag = guests_.TakeIn(
      client, std::make_unique<Connection>(Wire(std::move(socket), std::move(tls)), local, Now()));
  if (tag) poller_.Add(fd, EPOLLIN, *tag);
}

// Clients that nobody accepts wait in the kernel; looking at them each time would be a busy loop.
void Server::Listen(bool wanted) {
  if (std::exchange(listens_, wanted) == wanted) return;
  for (std::size_t i = 0; i < listening_.size(); ++i) {
    poller_.Change(listening_[i].socket.get(), wanted ? std::uint32_t{EPOLLIN} : 0U,
                   kListeningTag + i);
  }
}

// Answers a request that is whole: one at a time, so that others come in between.
void Server::Answer(Guests::Tag tag) {
  Connection* const connection = guests_.At(tag);
  if (connection == nullptr) return;
  if (const auto head = connection->TakeHead()) {
    if (head->empty()) {
      responder_.Refuse(*connection, 431, "the head of a request ends within 8 KiB");
    } else {
      auto read = ReadHead(*head);
      read ? Admit(tag, *connection, std::move(*read))
           : responder_.RefuseHead(*connection, read.error());
    }
  }
  GoOnWithStream(*connection);  // One that has just begun may be behind already.
  Settle(tag);
}

// Asks for a password where one is wanted.
void Server::Admit(Guests::Tag tag, Connection& connection, RequestHead head) {
  if (!passwords_.AreWanted()) return responder_.Respond(head, false, connection);
  const auto verdict = passwords_.Check(head.authorization, ClientOf(connection.fd()), tag);
  if (verdict != Passwords::Verdict::kLater) return RespondTo(verdict, head, connection);
  connection.BeginCheck(Now());
  checked_.insert_or_assign(tag, std::move(head));
}

void Server::RespondTo(Passwords::Verdict verdict, const RequestHead& head,
                       Connection& connection) {
  switch (verdict) {
    case Passwords::Verdict::kRight:
      return responder_.Respond(head, true, connection);
    case Passwords::Verdict::kWrong:
    case Passwords::Verdict::kLater:
      return responder_.Refuse(connection, 401, "a user and a password are wanted");
    case Passwords::Verdict::kBusy:
      return responder_.Refuse(connection, 503, "too many passwords are being verified");
  }
}

void Server::TakeVerdicts() {
  for (const auto& [tag, right] : passwords_.TakeDone()) {
    const auto head = checked_.extract(tag);
    Connection* const connection = guests_.At(tag);
    if (head.empty() || connection == nullptr) continue;
    RespondTo(right ? Passwords::Verdict::kRight : Passwords::Verdict::kWrong, head.mapped(),
              *connection);
    Settle(tag);
  }
}

Result<void> Server::SetWeb(const WebSettings& settings) {
  std::shared_ptr<const TlsContext> tls;
  if (settings.tls) {
    auto made = TlsContext::Make(*settings.tls);
    if (!made) return std::unexpected(made.error());
    tls = std::move(*made);
  }
  // Who came in under other rules comes again; new certificates are for new connections.
  const auto rules = [](const std::optional<TlsSettings>& one) {
    return one ? std::tuple(true, one->client, one->client_roots)
               : std::tuple(false, ClientCertificate::kNone, std::string());
  };
  if (rules(settings.tls) != rules(tls_settings_)) guests_.RemoveAll();
  tls_ = std::move(tls);
  tls_settings_ = settings.tls;
  passwords_.SetUsers(settings.users);
  responder_.SetHeaders(settings.headers);
  web_missing_ = false;
  return {};
}

// After anything has happened to it.
void Server::Settle(Guests::Tag tag) {
  const Connection* const connection = guests_.At(tag);
  if (connection == nullptr) return;
  if (connection->state() == Connection::State::kDone) return guests_.Remove(tag);
  std::uint32_t events = connection->WantsToWrite() ? EPOLLOUT : EPOLLIN;
  if (!connection->WantsToRead()) events = 0;
  poller_.Change(connection->fd(), events, tag);
  if (connection->HasHead() || connection->HasMore()) again_.push_back(tag);
}

bool Server::MayStream() const {
  std::size_t open = 0;
  guests_.ForEach([&open](Guests::Tag, const Connection& connection) {
    open += connection.IsStreaming() ? 1U : 0U;
  });
  return open < kMostStreams;
}

void Server::TellStreams() {
  std::vector<Guests::Tag> streams;
  guests_.ForEach([&](Guests::Tag tag, const Connection& connection) {
    if (connection.IsStreaming()) streams.push_back(tag);
  });
  for (const Guests::Tag tag : streams) {
    GoOnWithStream(*guests_.At(tag));
    Settle(tag);
  }
}

// Gives a stream what is new, once it has taken what was.
void Server::GoOnWithStream(Connection& stream) {
  const auto documents = Latest();
  if (!stream.IsStreaming() || stream.IsBehind() || !documents) return;
  const std::uint64_t last = documents->publication().last_event;
  const std::uint64_t told = stream.told();
  if (told == last) return;
  // Ids begin anew when the agent has lost its state: then so does the stream.
  const std::uint64_t after = told > last ? 0 : told;
  const std::uint64_t next = documents->FirstEventAfter(after).value_or(last + 1);
  std::string note;
  if (told > last || next != after + 1) {
    note = "event: lost\ndata: {\"after\":" + std::to_string(told) +
           ",\"next\":" + std::to_string(next) + "}\n\n";
  }
  stream.Tell(std::move(note), documents->EventsAfter(after), documents, last, Now());
}

void Server::ExpireThosePast(Moment now) {
  std::vector<Guests::Tag> expired;
  guests_.ForEach([&](Guests::Tag tag, Connection& connection) {
    if (connection.deadline() > now) return;
    if (connection.Expire(now)) Count(Route::kOther, 408);
    expired.push_back(tag);
  });
  for (const Guests::Tag tag : expired) Settle(tag);
}

}  // namespace hullmark
