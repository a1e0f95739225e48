// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/file.h"
#include "agent/collect/collect.h"
#include "agent/collect/interner.h"
#include "agent/collect/kept_files.h"
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
              ReadBuffer& buffer, KeptFiles* kept = nullptr)
      : roots_(roots),
        snapshot_(snapshot),
        memberships_(memberships),
        buffer_(buffer),
        kept_(kept) {}

  // Reads `cgroup` and all its ancestors, each once however often it is asked for.
  void ReadPath(CgroupIndex cgroup);

  // Which one it is, without its limits and its ancestors.
  void ReadIdentity(CgroupIndex cgroup);

 private:
  // Its directory; nullopt: there is none to be seen.
  std::optional<std::string> Identify(Cgroup& cgroup);
  void ReadOne(Cgroup& cgroup);
  void ReadControllers(CgroupDirectory& directory, const Hierarchy& hierarchy, bool has_programs,
                       Cgroup& cgroup);
  MemoryFiles ReadMemory(CgroupDirectory& directory, CgroupVersion version);
  CpuFiles ReadCpu(CgroupDirectory& directory, CgroupVersion version);
  PidsFiles ReadPids(CgroupDirectory& directory);
  CpusetFiles ReadCpuset(CgroupDirectory& directory, CgroupVersion version);
  IoFiles ReadIo(CgroupDirectory& directory, CgroupVersion version);
  DeviceFiles ReadDevices(CgroupDirectory& directory, CgroupVersion version);
  Fact<IoLimitListIndex> ReadThrottles(CgroupDirectory& directory);

  Fact<std::string_view> Text(CgroupDirectory& directory, const char* path);
  template <typename Parse>
  auto Read(CgroupDirectory& directory, const char* path, Parse parse)
      -> decltype(parse(std::string_view{})) {
    const auto text = Text(directory, path);
    if (!text) return std::unexpected(text.error());
    return parse(*text);
  }

  const Roots& roots_;
  Snapshot& snapshot_;
  const Memberships& memberships_;
  ReadBuffer& buffer_;
  KeptFiles* kept_;         // May be null.
  std::vector<bool> read_;  // By CgroupIndex.
  TextInterner<DeviceListIndex> device_lists_;
};

}  // namespace hullmark
