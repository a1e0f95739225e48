// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "agent/base/file.h"
#include "agent/enforce/limit_change.h"
#include "agent/enforce/recheck.h"
#include "hullmark/ids.h"
#include "hullmark/limits.h"
#include "tests/unit/temp_tree.h"

namespace hullmark {

inline bool IsPlain(const Fd& /*directory*/) { return true; }

// Cgroups of a container as plain files, which remember what is written.
class HostTree {
 public:
  CgroupPlace Make(const std::string& directory, const std::map<std::string, std::string>& files) {
    for (const auto& [name, text] : files) tree_.Write(directory + "/" + name, text);
    struct stat status = {};
    stat(tree_.Path(directory).c_str(), &status);
    return {.directory = tree_.Path(directory), .inode = status.st_ino};
  }

  // One v2 cgroup with all controllers.
  Confirmed Unified() {
    const CgroupPlace place =
        Make("web", {{"cpu.max", "max 100000\n"},
                     {"pids.max", "max\n"},
                     {"pids.current", "12\n"},
                     {"memory.high", "max\n"},
                     {"memory.current", "104857600\n"},
                     {"io.max", "8:16 rbps=max wbps=65536 riops=9 wiops=max\n"},
                     {"cgroup.freeze", "0\n"},
                     {"cgroup.events", "populated 1\nfrozen 1\n"},
                     {"cgroup.procs", ""}});
    const ContainerPlaces::Place here{.place = place, .version = CgroupVersion::kV2};
    return {.places = ContainerPlaces{.own = place,
                                      .cpu = here,
                                      .pids = here,
                                      .memory = here,
                                      .io = here,
                                      .unified = place},
            .disks = {{.major = 8, .minor = 0}}};
  }

  // v1 hierarchies, a directory each.
  Confirmed Separate() {
    const auto at = [](const CgroupPlace& place) {
      return ContainerPlaces::Place{.place = place, .version = CgroupVersion::kV1};
    };
    const CgroupPlace pids = Make("pids/web", {{"pids.max", "max\n"}, {"pids.current", "3\n"}});
    return {
        .places =
            ContainerPlaces{
                .own = pids,
                .cpu = at(Make("cpu/web",
                               {{"cpu.cfs_quota_us", "-1\n"}, {"cpu.cfs_period_us", "100000\n"}})),
                .pids = at(pids),
                .memory =
                    at(Make("memory/web", {{"memory.soft_limit_in_bytes", "9223372036854771712\n"},
                                           {"memory.usage_in_bytes", "104857600\n"}})),
                .io = at(Make("blkio/web", {{"blkio.throttle.read_bps_device", ""},
                                            {"blkio.throttle.write_bps_device", "8:0 4096\n"}})),
                .freezer = Make("freezer/web", {{"freezer.state", "THAWED\n"}})},
        .disks = {{.major = 8, .minor = 0}},
        .memory_limit = 1U << 30};
  }

  void Remove(const std::string& name) const { tree_.Remove(name); }
  void MakeDirectory(const std::string& name) const { tree_.MakeDirectory(name); }
  std::string Path(const std::string& name) const { return tree_.Path(name); }
  std::string Text(const CgroupPlace& place, const std::string& file) const {
    const auto opened = OpenPlace(place);
    return opened ? ReadValue(*opened, file).value_or("?") : "?";
  }
  void Write(const CgroupPlace& place, const std::string& file, std::string_view text) const {
    const auto opened = OpenPlace(place);
    if (opened) static_cast<void>(WriteValue(*opened, file, text));
  }

 private:
  TempTree tree_;
};

}  // namespace hullmark
