// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "hullmark/facts.h"
#include "hullmark/ids.h"
#include "hullmark/snapshot.h"
#include "tests/unit/checks/builder.h"

namespace hullmark::testing {

// What a test says of a mount; ids and parents follow from the order of mounting.
struct Line {
  std::string_view at;
  std::string_view type;
  DeviceNumber device;
  std::string_view root = "/";
  bool read_only = false;
  std::uint32_t shared = 0;
  std::string_view upper_dir = {};
  bool deleted = false;
};

// File systems of the host, by their devices.
inline constexpr DeviceNumber kDisk = {8, 1};
inline constexpr DeviceNumber kHostProc = {0, 21};
inline constexpr DeviceNumber kHostSys = {0, 22};
inline constexpr DeviceNumber kHostDev = {0, 6};
inline constexpr DeviceNumber kHostRun = {0, 24};
inline constexpr DeviceNumber kHostShm = {0, 25};
inline constexpr DeviceNumber kHostPts = {0, 26};
inline constexpr DeviceNumber kCgroup2 = {0, 30};
// File systems of the container.
inline constexpr DeviceNumber kRootfs = {0, 39};
inline constexpr DeviceNumber kOwnProc = {0, 42};
inline constexpr DeviceNumber kOwnDev = {0, 43};
inline constexpr DeviceNumber kOwnSys = {0, 45};

// A host and a container as docker starts it by default, with the mount tables of both.
class MountScene : public Scene {
 public:
  MountScene();

  void OnHost(const Line& line) { Add(0, line); }
  void InContainer(const Line& line) { Add(1, line); }

  // Takes the container's mounts away, to start from an empty table; unmounts what is at a path.
  void Strip() { Own().mounts->clear(); }
  void Unmount(std::string_view at);

  // The container's mount on top at a path.
  Mount& At(std::string_view at);

  MountNamespace& OfHost() { return snapshot.mount_namespaces[0]; }
  MountNamespace& Own() { return snapshot.mount_namespaces[1]; }

  // A place of the host that the collector resolved.
  void AddPath(std::string_view path, std::string_view pattern, DeviceNumber device,
               std::string_view root, bool socket = true);

 private:
  void Add(std::size_t table, const Line& line);
  std::uint32_t next_id_ = 20;
};

}  // namespace hullmark::testing
