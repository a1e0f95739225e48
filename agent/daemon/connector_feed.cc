// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon/connector_feed.h"

#include <time.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>

#include "agent/base/file.h"
#include "agent/bpf/task_event.h"
#include "agent/collect/exec_reader.h"
#include "agent/daemon/watcher.h"
#include "agent/watch/connector_message.h"
#include "agent/watch/proc_connector.h"
#include "hullmark/ids.h"

namespace hullmark {
namespace {

using Take = std::function<void(const TaskEvent&)>;

std::uint64_t Nanoseconds(clockid_t clock) {
  constexpr std::uint64_t kBillion = 1'000'000'000;
  timespec now = {};
  clock_gettime(clock, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * kBillion +
         static_cast<std::uint64_t>(now.tv_nsec);
}

// How far the clock of events, which stands while the host sleeps, is behind that of boot.
std::uint64_t SleptNanoseconds() {
  const std::uint64_t monotonic = Nanoseconds(CLOCK_MONOTONIC);
  return Nanoseconds(CLOCK_BOOTTIME) - monotonic;
}

class Feed {
 public:
  Feed(ProcConnector connector, Fd proc)
      : connector_(std::move(connector)), reader_(std::move(proc)) {}

  int fd() const { return connector_.fd(); }

  std::size_t Drain(std::size_t most, const Take& take) {
    const std::uint64_t slept = SleptNanoseconds();
    return connector_.Drain(most, [&](const ConnectorEvent& event) { Tell(event, slept, take); });
  }

  FeedCounts counts() const {
    return {.lost = connector_.lost(), .missed = missed_, .rights = rights_};
  }

 private:
  void Tell(const ConnectorEvent& event, std::uint64_t slept, const Take& take) {
    switch (event.turn) {
      case ConnectorEvent::Turn::kForked:
        return take(TurnOf(event, kTaskForked, slept));
      case ConnectorEvent::Turn::kExited:
        return take(TurnOf(event, kTaskExited, slept));
      case ConnectorEvent::Turn::kRights:
        ++rights_;
        return;
      case ConnectorEvent::Turn::kExecuted:
        break;
    }
    const auto executed = reader_.Read(Pid{event.tgid}, event.at + slept);
    if (!executed) {
      ++missed_;
      return;
    }
    take(*executed);
  }

  static TaskEvent TurnOf(const ConnectorEvent& event, unsigned turn, std::uint64_t slept) {
    TaskEvent told{};
    told.turn.at = event.at + slept;
    told.turn.turn = turn;
    told.turn.tgid = event.tgid;
    told.turn.parent = event.parent;
    return told;
  }

  ProcConnector connector_;
  ExecReader reader_;
  std::uint64_t missed_ = 0, rights_ = 0;
};

}  // namespace

EventFeed ConnectorFeed(ProcConnector connector, Fd proc) {
  const auto feed = std::make_shared<Feed>(std::move(connector), std::move(proc));
  return {.fd = feed->fd(),
          .drain = [feed](std::size_t most, const Take& take) { return feed->Drain(most, take); },
          .counts = [feed] { return feed->counts(); },
          .set_host = {}};
}

}  // namespace hullmark
