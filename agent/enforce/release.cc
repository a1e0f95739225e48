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
#include <utility>
#include <vector>

#include "agent/base/file.h"
#include "hullmark/result.h"

namespace hullmark {
namespace {

constexpr std::size_t kMostText = 256;  // Of a limit: a device and two rates at most.

// A message: the id, then the text; without a descriptor it says to let go.
struct Message {
  std::uint64_t id = 0;
  std::string text{};
  Fd file{};
};

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
  got.text.assign(text.data(), static_cast<std::size_t>(size) - sizeof got.id);
  const cmsghdr* const header = CMSG_FIRSTHDR(&message);
  if (header == nullptr || header->cmsg_type != SCM_RIGHTS) return true;
  int file = -1;
  std::memcpy(&file, CMSG_DATA(header), sizeof file);
  got.file = Fd(file);
  return true;
}

}  // namespace

Result<void> SendHold(const Fd& channel, std::uint64_t id, const Fd& file,
                      const std::string& text) {
  if (text.size() <= kMostText && Send(channel, id, text, file.get())) return {};
  return Fail(ErrorCode::kIo, "there is nobody who would take it back if the agent ended");
}

void SendLetGo(const Fd& channel, std::uint64_t id) { Send(channel, id, "", -1); }

int HoldUntilClosed(const Fd& channel) {
  std::vector<Message> held;
  while (true) {
    Message got;
    if (!Receive(channel, got)) break;
    if (got.file) {
      held.push_back(std::move(got));
    } else {
      std::erase_if(held, [&](const Message& one) { return one.id == got.id; });
    }
  }
  for (const Message& one : held | std::views::reverse) {
    // A cgroup that is gone meanwhile: ENODEV.
    [[maybe_unused]] const ssize_t written =
        pwrite(one.file.get(), one.text.data(), one.text.size(), 0);
  }
  return static_cast<int>(held.size());
}

}  // namespace hullmark
