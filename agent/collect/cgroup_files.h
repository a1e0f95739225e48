// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <expected>
#include <vector>

#include "agent/base/file.h"
#include "agent/collect/collect.h"
#include "agent/collect/interner.h"
#include "agent/collect/membership.h"
#include "hullmark/ids.h"
#include "hullmark/limits.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark {

// Reads the limit files of cgroups into the Snapshot's tables: identity and the files of the
// controllers that live in their hierarchy.
class CgroupFiles {
 public:
  CgroupFiles(const Roots& roots, Snapshot& snapshot, const Memberships& memberships,
              ReadBuffer& buffer)
      : roots_(roots), snapshot_(snapshot), memberships_(memberships), buffer_(buffer) {}

  // Reads `cgroup` and all its ancestors, each once however often it is asked for.
  void ReadPath(CgroupIndex cgroup);

 private:
  void ReadOne(Cgroup& cgroup);
  MemoryFiles ReadMemory(int directory, CgroupVersion version);
  CpuFiles ReadCpu(int directory, CgroupVersion version);
  PidsFiles ReadPids(int directory);
  CpusetFiles ReadCpuset(int directory, CgroupVersion version);
  IoFiles ReadIo(int directory, CgroupVersion version);
  DeviceFiles ReadDevices(int directory, CgroupVersion version);
  Fact<IoLimitListIndex> ReadThrottles(int directory);

  template <typename Parse>
  auto Read(int directory, const char* path, Parse parse) -> decltype(parse(std::string_view{})) {
    const auto text = buffer_.Read(directory, path);
    if (!text) return std::unexpected(text.error());
    return parse(*text);
  }

  const Roots& roots_;
  Snapshot& snapshot_;
  const Memberships& memberships_;
  ReadBuffer& buffer_;
  std::vector<bool> read_;  // By CgroupIndex.
  TextInterner<DeviceListIndex> device_lists_;
};

}  // namespace hullmark
