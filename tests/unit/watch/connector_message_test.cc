// SPDX-License-Identifier: Apache-2.0
#include "agent/watch/connector_message.h"

#include <gtest/gtest.h>
#include <linux/cn_proc.h>
#include <linux/connector.h>
#include <linux/netlink.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <span>
#include <vector>

namespace hullmark {
namespace {

using Turn = ConnectorEvent::Turn;
using Bytes = std::vector<std::byte>;

// A message as the kernel sends it: three headers, one after the other.
struct Sent {
  std::uint16_t type = NLMSG_DONE;
  std::uint32_t index = CN_IDX_PROC;
  std::uint16_t length = sizeof(proc_event);
  proc_event event{};

  explicit Sent(const std::function<void(proc_event&)>& fill) {
    event.cpu = 1;
    event.timestamp_ns = 77;
    fill(event);
  }
  Bytes bytes() const {
    nlmsghdr netlink{};
    netlink.nlmsg_type = type;
    cn_msg connector{};
    connector.id = {.idx = index, .val = CN_VAL_PROC};
    connector.seq = 5;
    connector.len = length;
    Bytes all(sizeof netlink + offsetof(cn_msg, data) + sizeof event);
    std::memcpy(all.data(), &netlink, sizeof netlink);
    std::memcpy(&all[sizeof netlink], &connector, offsetof(cn_msg, data));
    std::memcpy(&all[sizeof netlink + offsetof(cn_msg, data)], &event, sizeof event);
    return all;
  }
};

std::optional<ConnectorEvent> TurnOf(const std::function<void(proc_event&)>& fill) {
  const auto message = ParseConnectorMessage(Sent(fill).bytes());
  if (!message) {
    ADD_FAILURE() << "no message";
    return std::nullopt;
  }
  EXPECT_EQ(message->cpu, 1U);
  EXPECT_EQ(message->sequence, 5U);
  return message->event;
}

TEST(ConnectorMessage, TellsAFork) {
  const auto event = TurnOf([](proc_event& told) {
    told.what = proc_event::PROC_EVENT_FORK;
    told.event_data.fork = {.parent_pid = 9, .parent_tgid = 8, .child_pid = 12, .child_tgid = 12};
  });
  EXPECT_EQ(event, (ConnectorEvent{.turn = Turn::kForked, .at = 77, .tgid = 12, .parent = 8}));
}

TEST(ConnectorMessage, AThreadIsNoProcess) {
  EXPECT_EQ(TurnOf([](proc_event& told) {
              told.what = proc_event::PROC_EVENT_FORK;
              told.event_data.fork = {
                  .parent_pid = 9, .parent_tgid = 8, .child_pid = 13, .child_tgid = 12};
            }),
            std::nullopt);
  EXPECT_EQ(TurnOf([](proc_event& told) {
              told.what = proc_event::PROC_EVENT_EXIT;
              told.event_data.exit.process_pid = 13;
              told.event_data.exit.process_tgid = 12;
            }),
            std::nullopt);
}

TEST(ConnectorMessage, TellsAnExecAnEndAndOtherIds) {
  const auto turn_of = [](auto what, const std::function<void(proc_event&)>& fill) {
    const auto event = TurnOf([&](proc_event& told) {
      told.what = what;
      fill(told);
    });
    return event && event->tgid == 12 ? std::optional(event->turn) : std::nullopt;
  };
  EXPECT_EQ(turn_of(proc_event::PROC_EVENT_EXEC,
                    [](proc_event& told) {
                      told.event_data.exec = {.process_pid = 12, .process_tgid = 12};
                    }),
            Turn::kExecuted);
  EXPECT_EQ(turn_of(proc_event::PROC_EVENT_EXIT,
                    [](proc_event& told) {
                      told.event_data.exit.process_pid = 12;
                      told.event_data.exit.process_tgid = 12;
                    }),
            Turn::kExited);
  for (const auto what : {proc_event::PROC_EVENT_UID, proc_event::PROC_EVENT_GID}) {
    EXPECT_EQ(turn_of(what,
                      [](proc_event& told) {
                        told.event_data.id.process_pid = 13;  // Of a thread: it counts.
                        told.event_data.id.process_tgid = 12;
                      }),
              Turn::kRights);
  }
}

TEST(ConnectorMessage, TellsTheAnswerToARequest) {
  const Sent sent([](proc_event& told) {
    told.what = proc_event::PROC_EVENT_NONE;
    told.event_data.ack.err = 1;
  });
  const auto message = ParseConnectorMessage(sent.bytes());
  ASSERT_TRUE(message);
  EXPECT_EQ(message->answer, 1U);
  EXPECT_EQ(message->event, std::nullopt);
}

TEST(ConnectorMessage, WhatIsCutOrOfSomebodyElseIsNone) {
  Sent sent([](proc_event& told) { told.what = proc_event::PROC_EVENT_EXEC; });
  const Bytes whole = sent.bytes();
  for (std::size_t length = 0; length < whole.size(); ++length) {
    EXPECT_FALSE(ParseConnectorMessage(std::span(whole).first(length))) << length;
  }
  sent.index = CN_IDX_PROC + 1;
  EXPECT_FALSE(ParseConnectorMessage(sent.bytes()));
  sent.index = CN_IDX_PROC;
  sent.type = NLMSG_ERROR;
  EXPECT_FALSE(ParseConnectorMessage(sent.bytes()));
  sent.type = NLMSG_DONE;
  sent.length = 16;
  EXPECT_FALSE(ParseConnectorMessage(sent.bytes()));
}

TEST(SequenceGaps, CountsWhatNeverCame) {
  SequenceGaps gaps;
  gaps.Take(0, 10);  // Where it begins is nobody's loss.
  gaps.Take(1, 500);
  gaps.Take(0, 11);
  EXPECT_EQ(gaps.count(), 0U);
  gaps.Take(0, 15);
  EXPECT_EQ(gaps.count(), 3U);
  gaps.Take(1, 501);
  EXPECT_EQ(gaps.count(), 3U);
}

TEST(SequenceGaps, CountsOverTheWrap) {
  SequenceGaps gaps;
  gaps.Take(0, 0xFFFFFFFE);
  gaps.Take(0, 1);
  EXPECT_EQ(gaps.count(), 2U);
}

TEST(SequenceGaps, WhatComesLateIsNoLossOfBillions) {
  SequenceGaps gaps;
  gaps.Take(0, 10);
  gaps.Take(0, 9);
  EXPECT_EQ(gaps.count(), 0U);
}

}  // namespace
}  // namespace hullmark
