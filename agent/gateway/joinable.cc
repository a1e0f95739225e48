// SPDX-License-Identifier: Apache-2.0
#include "agent/gateway/joinable.h"

#include <malloc.h>
#include <poll.h>
#include <sys/epoll.h>

#include <cerrno>
#include <cstring>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "agent/base/file.h"
#include "agent/gateway/channel.h"
#include "agent/gateway/feed.h"
#include "agent/gateway/meeting.h"
#include "agent/gateway/requests.h"
#include "agent/gateway/server.h"
#include "hullmark/result.h"

namespace hullmark {
namespace {

struct Inspector {
  Channel channel;
  ServeOrder order;
};

// The inspectors of a gateway, one after the other.
class Inspectors {
 public:
  static Result<std::unique_ptr<Inspectors>> Open(Fd listening, Feed::Warn warn) {
    auto socket = InspectorSocket::Adopt(std::move(listening));
    if (!socket) return std::unexpected(socket.error());
    Fd either(epoll_create1(EPOLL_CLOEXEC));
    auto inspectors = std::unique_ptr<Inspectors>(
        new Inspectors(std::move(*socket), std::move(either), std::move(warn)));
    if (!inspectors->Watch(inspectors->socket_.fd())) {
      return Fail(CodeOfErrno(errno), std::string("epoll: ") + std::strerror(errno));
    }
    return inspectors;
  }

  int fd() const { return either_.get(); }  // Readable when there is something to do here.

  // The inspector that has come and said what it wants; nullopt: not yet. `busy` tells whether one
  // is served; asked after the next one has come, who often is the same that has just gone.
  std::optional<Inspector> Meet(const std::function<bool()>& busy) {
    while (true) {
      if (auto inspector = Listen()) return inspector;
      auto accepted = socket_.Accept();
      if (!accepted) {
        warn_(accepted.error().message);
        return std::nullopt;
      }
      auto& next = *accepted;
      if (!next) return std::nullopt;
      Admit(std::move(*next), busy());
    }
  }

 private:
  Inspectors(InspectorSocket socket, Fd either, Feed::Warn warn)
      : socket_(std::move(socket)), either_(std::move(either)), warn_(std::move(warn)) {}

  bool Watch(int fd) const {
    epoll_event event = {.events = EPOLLIN, .data = {.fd = fd}};
    return epoll_ctl(either_.get(), EPOLL_CTL_ADD, fd, &event) == 0;
  }

  // Who has not said yet what it wants, and perhaps never will, makes room for the next one.
  void Admit(Channel channel, bool busy) {
    if (busy) return warn_("an inspector is here already: another one is turned away");
    if (newcomer_) warn_("an inspector said nothing before the next one came: it is turned away");
    newcomer_.reset();
    if (Watch(channel.fd())) newcomer_ = std::move(channel);
  }

  std::optional<Inspector> Listen() {
    if (!newcomer_) return std::nullopt;
    auto heard = newcomer_->ReceiveOrder();
    if (!heard) {
      if (heard.error().code != ErrorCode::kVanished) warn_(heard.error().message);
      newcomer_.reset();
      return std::nullopt;
    }
    auto& order = *heard;
    if (!order) return std::nullopt;
    Inspector inspector{.channel = std::move(*newcomer_), .order = std::move(*order)};
    newcomer_.reset();
    return inspector;
  }

  InspectorSocket socket_;
  Fd either_;  // An epoll of the socket and of the inspector that is there: both are one event.
  Feed::Warn warn_;
  std::optional<Channel> newcomer_;  // Has not said what it wants.
};

// What a joinable gateway does beside serving.
class Attendance {
 public:
  Attendance(Inspectors& inspectors, Inspector first, Server& server, Feed::Warn warn)
      : inspectors_(inspectors),
        server_(server),
        warn_(std::move(warn)),
        order_(std::move(first.order)),
        feed_(std::in_place, std::move(first.channel), server_, warn_) {}

  // False: what is to be served has changed.
  bool Attend() {
    TakeWhatCame();
    auto next = inspectors_.Meet([this] { return TakeWhatCame(); });
    if (!next) return true;
    if (next->order != order_) return false;
    feed_.emplace(std::move(next->channel), server_, warn_, told_);
    TakeWhatCame();
    return true;
  }

  void Tell() {
    if (feed_) feed_->Tell();
  }

 private:
  // False: there is no inspector, or no longer.
  bool TakeWhatCame() {
    if (!feed_ || feed_->Take()) return feed_.has_value();
    told_ = feed_->told();
    feed_.reset();
    return false;
  }

  Inspectors& inspectors_;
  Server& server_;
  Feed::Warn warn_;
  ServeOrder order_;
  std::optional<Feed> feed_;
  RequestCounts told_{};  // As far as inspectors that have left know.
};

Inspector WaitForInspector(Inspectors& inspectors, const std::function<void()>& alive) {
  constexpr int kMilliseconds = 1'000;
  while (true) {
    alive();
    if (auto inspector = inspectors.Meet([] { return false; })) return std::move(*inspector);
    pollfd wanted = {.fd = inspectors.fd(), .events = POLLIN, .revents = 0};
    poll(&wanted, 1, kMilliseconds);
  }
}

}  // namespace

Result<void> RunJoinableGateway(JoinableOptions options) {
  mallopt(M_ARENA_MAX, 1);  // As in RunGateway.
  const auto inspectors = Inspectors::Open(std::move(options.inspectors), options.warn);
  if (!inspectors) return std::unexpected(inspectors.error());
  Inspector first = WaitForInspector(**inspectors, options.alive);
  const auto server =
      Server::Bind({.listen = first.order.listen, .api = first.order.api, .web = true});
  if (!server) return std::unexpected(server.error());
  const auto confined = options.confine();
  if (!confined) return confined;
  options.listening((*server)->Addresses());
  Attendance attendance(**inspectors, std::move(first), **server, options.warn);
  attendance.Tell();
  (*server)->Serve({.fd = (*inspectors)->fd(),
                    .readable = [&attendance] { return attendance.Attend(); },
                    .now_and_then =
                        [&] {
                          attendance.Tell();
                          options.alive();
                        }});
  return {};
}

}  // namespace hullmark
