// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark {

class KeptClaims;

// A claim file of the host. Trust is decided by who owns it and the directories above it.
struct ClaimFile {
  std::string text;
  Uid owner{};
  Trust trust = Trust::kUser;
};

// What a file system tells of a file without reading it: what has been read of a file holds for one
// that is the same in all of this.
struct FileIdentity {
  DeviceNumber device{};
  std::uint64_t inode = 0, size = 0;
  Timestamp modified{}, changed{};

  friend bool operator==(const FileIdentity&, const FileIdentity&) = default;
};

// What attribution may ask of the host, given by the collector; a test gives maps. Paths are
// absolute paths of the host. Nothing here follows a link that a user could have made, and all of
// it is bounded.
struct HostReader {
  std::function<Fact<ClaimFile>(std::string_view path)> read;
  std::function<Fact<FileIdentity>(std::string_view path)> identify;  // Of a regular file.
  std::function<Fact<std::vector<std::string>>(std::string_view directory)> list;  // Names, sorted.
  // Of a process of the snapshot, while it lives: /proc/PID/cmdline, bounded.
  std::function<Fact<std::vector<std::string>>(const Process&)> arguments;
  std::function<Fact<std::string>(Uid)> home;                      // Home directory in /etc/passwd.
  std::function<Fact<bool>(const Process&)> runs_virtual_machine;  // Holds a kvm-vm descriptor.
};

// Fills snapshot.containers: structure decides what is a container and which processes are its own;
// names, images and pods are claims read through `host` and checked against structure. Limits in
// force stay unread. Labels are claims too: of them only those with one of `label_keys`, ascending.
// Files that have not changed since they were `kept` are not read again; nullptr: all are read.
void AttributeContainers(Snapshot& snapshot, const HostReader& host,
                         std::span<const std::string> label_keys, KeptClaims* kept = nullptr);

}  // namespace hullmark
