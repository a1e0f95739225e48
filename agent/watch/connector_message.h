// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <unordered_map>

namespace hullmark {

// A turn of a process' life, see struct proc_event of linux/cn_proc.h.
struct ConnectorEvent {
  // kRights: user or group ids are others, without an exec.
  enum class Turn : std::uint8_t { kForked, kExecuted, kExited, kRights };

  Turn turn = Turn::kForked;
  std::uint64_t at = 0;  // Nanoseconds of CLOCK_MONOTONIC.
  std::int32_t tgid = 0;
  std::int32_t parent = 0;  // tgid; of a fork and an end, 0 where it was not told.

  friend bool operator==(const ConnectorEvent&, const ConnectorEvent&) = default;
};

// A netlink message of the proc connector.
struct ConnectorMessage {
  std::uint32_t cpu = 0;
  std::uint32_t sequence = 0;             // Of that processor, one for each event.
  std::optional<std::uint32_t> answer{};  // To a request: 0, or an errno.
  // nullopt: a turn that is of no interest here, such as that of a thread.
  std::optional<ConnectorEvent> event{};

  friend bool operator==(const ConnectorMessage&, const ConnectorMessage&) = default;
};

// Parses one message, header and all. nullopt: it is none of the proc connector.
std::optional<ConnectorMessage> ParseConnectorMessage(std::span<const std::byte> bytes);

// How many messages never came, by what each processor counts.
class SequenceGaps {
 public:
  void Take(std::uint32_t cpu, std::uint32_t sequence);
  std::uint64_t count() const { return count_; }

 private:
  std::unordered_map<std::uint32_t, std::uint32_t> next_;  // By processor.
  std::uint64_t count_ = 0;
};

}  // namespace hullmark
