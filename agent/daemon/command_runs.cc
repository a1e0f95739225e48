// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon/command_runs.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <expected>
#include <string>
#include <utility>
#include <vector>

#include "agent/base/packets.h"
#include "agent/daemon/child.h"
#include "agent/daemon/clock.h"
#include "agent/hooks/command.h"
#include "agent/hooks/delivery.h"
#include "agent/hooks/messages.h"
#include "hullmark/result.h"

namespace hullmark {
namespace {

using std::chrono::milliseconds;

constexpr std::chrono::seconds kGrace{15};  // For a runner to end what it has started ...
constexpr std::chrono::seconds kToEnd{6};   // ... which takes it five once its channel is closed.
constexpr milliseconds kAtOurEnd{500};

}  // namespace

CommandRuns::~CommandRuns() {
  // A runner whose channel closes ends its program.
  for (Run& run : runs_) run.channel = PacketSocket();
  const Moment last = std::chrono::steady_clock::now() + kAtOurEnd;
  for (const Run& run : runs_) {
    const auto left = std::chrono::ceil<milliseconds>(last - std::chrono::steady_clock::now());
    if (run.child && !Reap(*run.child, std::max(left, milliseconds(0)))) {
      ending_.Add(*run.child, last);
    }
  }
}

Result<void> CommandRuns::Start(const CommandOrder& order, Moment now) {
  Run run{.report = {.hook = order.hook, .number = order.number},
          .until = now + order.timeout + kGrace};
  if (how_.socket.empty()) {
    auto child = SpawnSelf(how_.command);
    if (!child) return Fail(child.error().code, "starting a runner: " + child.error().message);
    run.child = child->process;
    run.channel = std::move(child->channel);
  } else {
    auto joined = JoinAt(how_.socket);
    if (!joined) return std::unexpected(joined.error());
    run.channel = std::move(*joined);
  }
  const bool given = run.channel.Send(ToPacket(order)) == Sent::kSent;
  if (given) {
    runs_.push_back(std::move(run));
    return {};
  }
  if (run.child) ending_.Add(*run.child, now);
  return Fail(ErrorCode::kIo, "a runner does not take what is to be run");
}

bool CommandRuns::HasEnded(Run& run, Moment now) {
  std::array<char, 256> bytes{};
  const auto packet = run.channel.Receive(bytes, 0);
  if (packet && *packet) {
    const auto report = ParseReport({bytes.data(), (*packet)->bytes});
    const bool ours =
        report && report->hook == run.report.hook && report->number == run.report.number;
    if (ours) run.report = *report;
    return true;
  }
  return !packet || now >= run.until;
}

std::vector<DeliveryReport> CommandRuns::Upkeep(Moment now) {
  ending_.Tend(now);
  std::vector<DeliveryReport> reports;
  for (Run& run : runs_) {
    if (!HasEnded(run, now)) continue;
    run.channel = PacketSocket();
    if (run.child) ending_.Add(*run.child, now + kToEnd);
    reports.push_back(run.report);
  }
  std::erase_if(runs_, [](const Run& run) { return run.channel.fd() < 0; });
  return reports;
}

std::vector<int> CommandRuns::fds() const {
  std::vector<int> all = ending_.fds();
  for (const Run& run : runs_) all.push_back(run.channel.fd());
  return all;
}

}  // namespace hullmark
