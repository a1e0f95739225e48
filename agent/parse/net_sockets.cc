// SPDX-License-Identifier: Apache-2.0
#include "agent/parse/net_sockets.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/parse/cut.h"
#include "hullmark/result.h"

namespace hullmark {
namespace {

// "00000000d19088d5: 00000002 00000000 00010000 0001 01  6982 /run/x"; nullopt for what is none or
// has no name.
std::optional<UnixSocket> ParseUnixLine(std::string_view line) {
  constexpr std::uint32_t kAccepts = 0x10000;  // SO_ACCEPTCON: listen(2) was called.
  if (!CutWord(line).ends_with(':')) return std::nullopt;
  const auto count = NumberOf<std::uint32_t>(CutWord(line), 16);
  const auto protocol = NumberOf<std::uint32_t>(CutWord(line), 16);
  const auto flags = NumberOf<std::uint32_t>(CutWord(line), 16);
  const auto type = NumberOf<std::uint16_t>(CutWord(line), 16);
  const auto state = NumberOf<std::uint8_t>(CutWord(line), 16);
  const auto inode = CutNumber<std::uint64_t>(line);
  if (!count || !protocol || !flags || !type || !state || !inode) return std::nullopt;
  if (line.size() < 2) return std::nullopt;
  return UnixSocket{
      .path = std::string(line.substr(1)), .listening = (*flags & kAccepts) != 0, .inode = *inode};
}

// An address as the kernel prints it, 32-bit words in host order, to bytes in network order.
template <std::size_t kBytes>
std::optional<std::array<std::uint8_t, kBytes>> ParseAddress(std::string_view digits) {
  constexpr std::size_t kWord = sizeof(std::uint32_t);
  std::array<std::uint8_t, kBytes> bytes{};
  if (digits.size() != 2 * kBytes) return std::nullopt;
  for (std::size_t at = 0; at < kBytes; at += kWord) {
    const auto word = NumberOf<std::uint32_t>(digits.substr(2 * at, 2 * kWord), 16);
    if (!word) return std::nullopt;
    std::memcpy(bytes.data() + at, &*word, kWord);
  }
  return bytes;
}

bool AllZero(std::span<const std::uint8_t> bytes) {
  return std::ranges::all_of(bytes, [](std::uint8_t byte) { return byte == 0; });
}

std::string TextOf(int family, const void* address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  inet_ntop(family, address, text.data(), text.size());
  return text.data();
}

bool ReadIpv4(std::string_view digits, TcpListener& listener) {
  const auto bytes = ParseAddress<4>(digits);
  if (!bytes) return false;
  listener.address = TextOf(AF_INET, bytes->data());
  listener.loopback = bytes->front() == IN_LOOPBACKNET;
  listener.wildcard = AllZero(*bytes);
  return true;
}

bool ReadIpv6(std::string_view digits, TcpListener& listener) {
  const auto bytes = ParseAddress<16>(digits);
  if (!bytes) return false;
  listener.address = TextOf(AF_INET6, bytes->data());
  const auto all = std::span(*bytes);
  const bool mapped = AllZero(all.first(10)) && all[10] == 0xff && all[11] == 0xff;
  listener.loopback =
      mapped ? all[12] == IN_LOOPBACKNET : AllZero(all.first(15)) && all.back() == 1;
  listener.wildcard = AllZero(mapped ? all.last(4) : all);
  return true;
}

// "  0: 0100007F:9197 00000000:0000 0A ... inode ...": false for what is no such line. `listens`:
// whether the state is LISTEN; only then `listener` is filled.
bool ReadTcpLine(std::string_view line, bool v6, TcpListener& listener, bool& listens) {
  const auto slot = CutWord(line);
  auto local = CutWord(line);
  const auto remote = CutWord(line);
  const auto state = NumberOf<std::uint8_t>(CutWord(line), 16);
  if (!slot.ends_with(':') || remote.empty() || !state) return false;
  listens = *state == 0x0a;  // TCP_LISTEN
  if (!listens) return true;

  const auto address = Cut(local, ':');
  const auto port = NumberOf<std::uint16_t>(local, 16);
  for (int skipped = 0; skipped < 5; ++skipped) CutWord(line);  // Queues, timer, ..., timeout.
  const auto inode = CutNumber<std::uint64_t>(line);
  if (!port || !inode) return false;
  listener.port = *port;
  listener.inode = *inode;
  return v6 ? ReadIpv6(address, listener) : ReadIpv4(address, listener);
}

}  // namespace

Fact<std::vector<UnixSocket>> ParseNetUnix(std::string_view text) {
  std::vector<UnixSocket> sockets;
  if (!Cut(text, '\n').starts_with("Num ")) return Malformed();
  while (!text.empty()) {
    auto socket = ParseUnixLine(Cut(text, '\n'));
    if (socket) sockets.push_back(std::move(*socket));
  }
  return sockets;
}

Fact<std::vector<TcpListener>> ParseNetTcp(std::string_view text, bool v6) {
  std::vector<TcpListener> listeners;
  if (!Cut(text, '\n').starts_with("  sl  local_address")) return Malformed();
  while (!text.empty()) {
    const auto line = CutLine(text);
    TcpListener listener;
    bool listens = false;
    if (!line || !ReadTcpLine(*line, v6, listener, listens)) return Malformed();
    if (listens) listeners.push_back(std::move(listener));
  }
  return listeners;
}

}  // namespace hullmark
