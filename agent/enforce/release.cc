// SPDX-License-Identifier: Apache-2.0
#include "agent/enforce/release.h"

#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <ranges>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/base/file.h"
#include "agent/enforce/limit_change.h"
#include "hullmark/result.h"

namespace hullmark {
namespace {

constexpr std::size_t kMostText = 512;  // Of a limit: names, and two rates twice at most.

// A message: the id, then the change; without a change it says to let go.
struct Message {
  std::uint64_t id = 0;
  bool lets_go = false;
  LimitChange change{};  // Without its place.
  Fd file{};
};

// Four texts, a NUL after each.
std::string Pack(const LimitChange& change) {
  std::string text;
  for (const std::string* part : {&change.file, &change.device, &change.former, &change.value}) {
    text += *part + '\0';
  }
  return text;
}

LimitChange Unpack(std::string_view text) {
  LimitChange change;
  for (std::string* part : {&change.file, &change.device, &change.former, &change.value}) {
    const auto end = std::min(text.find('\0'), text.size());
    *part = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return change;
}

union Control {
  cmsghdr align;
  std::array<char, CMSG_SPACE(sizeof(int))> bytes;
};

bool Send(const Fd& channel, std::uint64_t id, const std::string& text, int file) {
  std::array<iovec, 2> parts = {
      {{.iov_base = &id, .iov_len = sizeof id},
       {.iov_base = const_cast<char*>(text.data()), .iov_len = text.size()}}};
  Control control = {};
  msghdr message = {};
  message.msg_iov = parts.data();
  message.msg_iovlen = parts.size();
  if (file >= 0) {
    message.msg_control = control.bytes.data();
    message.msg_controllen = control.bytes.size();
    cmsghdr* const header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof file);
    std::memcpy(CMSG_DATA(header), &file, sizeof file);
  }
  return sendmsg(channel.get(), &message, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0;
}

// False: the channel is closed.
bool Receive(const Fd& channel, Message& got) {
  std::array<char, kMostText> text = {};
  std::array<iovec, 2> parts = {{{.iov_base = &got.id, .iov_len = sizeof got.id},
                                 {.iov_base = text.data(), .iov_len = text.size()}}};
  Control control = {};
  msghdr message = {};
  message.msg_iov = parts.data();
  message.msg_iovlen = parts.size();
  message.msg_control = control.bytes.data();
  message.msg_controllen = control.bytes.size();
  ssize_t size = -1;
  do {
    size = recvmsg(channel.get(), &message, MSG_CMSG_CLOEXEC);
  } while (size < 0 && errno == EINTR);
  if (size < static_cast<ssize_t>(sizeof got.id)) return false;
  got.lets_go = size == static_cast<ssize_t>(sizeof got.id);
  got.change = Unpack({text.data(), static_cast<std::size_t>(size) - sizeof got.id});
  const cmsghdr* const header = CMSG_FIRSTHDR(&message);
  if (header == nullptr || header->cmsg_type != SCM_RIGHTS) return true;
  int file = -1;
  std::memcpy(&file, CMSG_DATA(header), sizeof file);
  got.file = Fd(file);
  return true;
}

// Whether it was still ours, and is restored. Of a cgroup that is gone meanwhile: ENODEV.
bool Restore(const Message& held) {
  std::array<char, 65536> buffer = {};
  const ssize_t size = pread(held.file.get(), buffer.data(), buffer.size(), 0);
  if (size < 0) return false;
  const std::string_view text(buffer.data(), static_cast<std::size_t>(size));
  if (!IsOurs(held.change, ValueIn(text, held.change))) return false;
  const std::string former = TextOf(held.change, held.change.former);
  return pwrite(held.file.get(), former.data(), former.size(), 0) >= 0;
}

}  // namespace

Result<void> SendHold(const Fd& channel, std::uint64_t id, const Fd& file,
                      const LimitChange& change) {
  const std::string text = Pack(change);
  if (text.size() <= kMostText && Send(channel, id, text, file.get())) return {};
  return Fail(ErrorCode::kIo, "there is nobody who would take it back if the agent ended");
}

void SendLetGo(const Fd& channel, std::uint64_t id) { Send(channel, id, "", -1); }

int HoldUntilClosed(const Fd& channel) {
  std::vector<Message> held;
  while (true) {
    Message got;
    if (!Receive(channel, got)) break;
    // Of a change whose descriptor was lost, having none to spare, nothing can be held.
    if (got.file) {
      held.push_back(std::move(got));
    } else if (got.lets_go) {
      std::erase_if(held, [&](const Message& one) { return one.id == got.id; });
    }
  }
  return static_cast<int>(std::ranges::count_if(held | std::views::reverse, Restore));
}

}  // namespace hullmark
