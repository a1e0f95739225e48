// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/base/file.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"

namespace hullmark {

enum class Sent : std::uint8_t {
  kSent,
  kFull,  // The other end is slow: try later.
  kGone,
};

// What came in one packet.
struct Packet {
  std::size_t bytes = 0;
  std::vector<Fd> passed{};
  std::optional<Pid> sender{};  // The kernel's word.
};

// One end of a SOCK_SEQPACKET connection between two processes of ours, see unix(7): packets keep
// their bounds, may carry descriptors, and the kernel names who sent each. It never waits.
class PacketSocket {
 public:
  PacketSocket() = default;
  // Takes a connected descriptor, makes it non-blocking and has the kernel name the senders.
  static Result<PacketSocket> Adopt(Fd socket);
  // Two connected ends; the second is to be inherited by a child.
  static Result<std::pair<PacketSocket, Fd>> MakePair();

  int fd() const { return socket_.get(); }

  // Packets from others than `peer` are refused from now on.
  void Expect(Pid peer) { peer_ = peer; }

  // `passed`: a descriptor that goes with it; -1 for none.
  Sent Send(std::string_view bytes, int passed = -1) const;
  // The next packet, with so many descriptors at most (0 or 1). nullopt: nothing is waiting. Error
  // kVanished: the other end is gone; kDenied: another sender; kMalformed: more bytes than `into`
  // holds, or more descriptors.
  Result<std::optional<Packet>> Receive(std::span<char> into, std::size_t descriptors) const;

 private:
  explicit PacketSocket(Fd socket) : socket_(std::move(socket)) {}

  Fd socket_;
  std::optional<Pid> peer_;
};

// How two processes find each other of which neither started the other: at a SOCK_SEQPACKET socket
// in a directory of root's. Both ask the kernel who the other one is before anything is said: root,
// or this process' own user.

// Connects to it. Error: nobody listens there, or somebody else does.
Result<PacketSocket> JoinAt(const std::string& path);

// The side that listens.
class PacketListener {
 public:
  // Takes a listening descriptor.
  static Result<PacketListener> Adopt(Fd listening);

  int fd() const { return socket_.get(); }

  // The next one that waits; nullopt: nobody does. Error kDenied: somebody else has come.
  Result<std::optional<PacketSocket>> Accept() const;

 private:
  explicit PacketListener(Fd socket) : socket_(std::move(socket)) {}

  Fd socket_;
};

}  // namespace hullmark
