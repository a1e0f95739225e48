// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "agent/base/file.h"
#include "agent/collect/host_look.h"
#include "agent/parse/cut.h"
#include "agent/parse/host_files.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

constexpr std::size_t kMostDevices = 65'536;
constexpr int kMostLayers = 16;  // A file system on dm on RAID on a partition is four.

std::string DirectoryOf(DeviceNumber device) {
  return "dev/block/" + std::to_string(device.major) + ":" + std::to_string(device.minor);
}

// The whole disks that hold the bytes of block devices, from sysfs, see the kernel's sysfs-block.
class DiskFinder {
 public:
  explicit DiskFinder(HostLook& look) : look_(look) {}

  Fact<DeviceNumber> NumberIn(const std::string& directory) {
    return look_.Read(look_.roots.sys, (directory + "/dev").c_str(), ParseDeviceNumber);
  }

  // Adds the disks below `device`, each once; `device` itself when nothing is below it. False: some
  // could not be read.
  bool AddDisks(DeviceNumber device, int layer, std::vector<DeviceNumber>& disks) {
    if (layer == kMostLayers) return false;
    const std::string directory = DirectoryOf(device);
    if (StatusOf(look_.roots.sys.get(), (directory + "/partition").c_str(), Follow::kNo)) {
      // The directory of a partition lies in that of its disk.
      const auto whole = NumberIn(directory + "/..");
      return whole && AddDisks(*whole, layer + 1, disks);
    }
    const auto slaves =
        ListDirectory(look_.roots.sys.get(), (directory + "/slaves").c_str(), kMostDevices);
    if (!slaves && slaves.error().code != ErrorCode::kNotFound) return false;
    if (!slaves || slaves->empty()) {
      if (std::ranges::find(disks, device) == disks.end()) disks.push_back(device);
      return true;
    }
    return std::ranges::all_of(*slaves, [&](const std::string& slave) {
      const auto number = NumberIn(directory + "/slaves/" + slave);
      return number && AddDisks(*number, layer + 1, disks);
    });
  }

 private:
  HostLook& look_;
};

}  // namespace

void CollectDisks(HostLook& look) {
  Host& host = look.snapshot.host;
  DiskFinder finder(look);
  const auto names = ListDirectory(look.roots.sys.get(), "block", kMostDevices);
  if (names) {
    for (const std::string& name : *names) {
      const auto device = finder.NumberIn("block/" + name);  // Hidden paths of a disk have none.
      if (device) host.disks.push_back(*device);
    }
    std::ranges::sort(host.disks);
  }
  const auto numbers = ListDirectory(look.roots.sys.get(), "dev/block", kMostDevices);
  if (!numbers) return;
  for (const std::string& text : *numbers) {
    const auto device = DeviceNumberOf(text);
    if (!device) continue;
    std::vector<DeviceNumber> disks;
    const bool whole = finder.AddDisks(*device, 0, disks);
    const bool itself = disks.size() == 1 && disks.front() == *device;
    if (whole && !itself) host.disk_parents.emplace_back(*device, std::move(disks));
  }
  std::ranges::sort(host.disk_parents);
}

}  // namespace hullmark
