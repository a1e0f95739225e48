// SPDX-License-Identifier: Apache-2.0
#include "agent/watch/connector_message.h"

#include <linux/cn_proc.h>
#include <linux/connector.h>
#include <linux/netlink.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>

namespace hullmark {
namespace {

// Messages lie in bytes without a type, and need not be aligned.
template <typename T>
bool Cut(std::span<const std::byte>& bytes, T& value, std::size_t length = sizeof(T)) {
  if (bytes.size() < length) return false;
  std::memcpy(&value, bytes.data(), length);
  bytes = bytes.subspan(length);
  return true;
}

using Turn = ConnectorEvent::Turn;

std::optional<ConnectorEvent> TurnOf(const proc_event& event) {
  const auto told = [&](Turn turn, std::int32_t tgid, std::int32_t parent) {
    return ConnectorEvent{.turn = turn, .at = event.timestamp_ns, .tgid = tgid, .parent = parent};
  };
  const auto& data = event.event_data;
  switch (event.what) {
    case proc_event::PROC_EVENT_FORK:
      if (data.fork.child_pid != data.fork.child_tgid) return std::nullopt;
      return told(Turn::kForked, data.fork.child_tgid, data.fork.parent_tgid);
    case proc_event::PROC_EVENT_EXEC:
      return told(Turn::kExecuted, data.exec.process_tgid, 0);
    case proc_event::PROC_EVENT_EXIT:
      if (data.exit.process_pid != data.exit.process_tgid) return std::nullopt;
      return told(Turn::kExited, data.exit.process_tgid, 0);
    case proc_event::PROC_EVENT_UID:
    case proc_event::PROC_EVENT_GID:
      return told(Turn::kRights, data.id.process_tgid, 0);
    default:
      return std::nullopt;
  }
}

}  // namespace

std::optional<ConnectorMessage> ParseConnectorMessage(std::span<const std::byte> bytes) {
  // Kernels differ in what the longest event has at its end; those read here are in all of them.
  constexpr std::size_t kLeastEvent = offsetof(proc_event, event_data) + 4 * sizeof(std::uint32_t);
  nlmsghdr netlink{};
  cn_msg connector{};
  proc_event event{};
  if (!Cut(bytes, netlink) || !Cut(bytes, connector, offsetof(cn_msg, data))) return std::nullopt;
  const bool ours = netlink.nlmsg_type == NLMSG_DONE && connector.id.idx == CN_IDX_PROC &&
                    connector.id.val == CN_VAL_PROC;
  if (!ours || connector.len < kLeastEvent || connector.len > bytes.size()) return std::nullopt;
  Cut(bytes, event, std::min<std::size_t>(connector.len, sizeof event));
  ConnectorMessage message{.cpu = event.cpu, .sequence = connector.seq};
  if (event.what == proc_event::PROC_EVENT_NONE) {
    message.answer = event.event_data.ack.err;
  } else {
    message.event = TurnOf(event);
  }
  return message;
}

void SequenceGaps::Take(std::uint32_t cpu, std::uint32_t sequence) {
  const auto [next, is_new] = next_.try_emplace(cpu, sequence);
  // The counter wraps around; what is behind was counted as missing before.
  const std::uint32_t gap = sequence - next->second;
  constexpr std::uint32_t kBehind = 1U << 31;
  if (!is_new && gap < kBehind) count_ += gap;
  next->second = sequence + 1;
}

}  // namespace hullmark
