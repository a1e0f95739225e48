// SPDX-License-Identifier: Apache-2.0
#include "agent/collect/cgroup_files.h"

#include <linux/bpf.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/base/file.h"
#include "agent/collect/collect.h"
#include "agent/collect/interner.h"
#include "agent/collect/io_limit_lists.h"
#include "agent/collect/kept_files.h"
#include "agent/parse/devices_list.h"
#include "agent/parse/host_files.h"
#include "agent/parse/limit_files.h"
#include "hullmark/ids.h"
#include "hullmark/limits.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

// Device programs in force on a cgroup2 directory, its ancestors' included, see bpf(2).
Fact<std::uint32_t> CountDevicePrograms(int directory) {
  bpf_attr query = {};
  query.query.target_fd = static_cast<std::uint32_t>(directory);
  query.query.attach_type = BPF_CGROUP_DEVICE;
  query.query.query_flags = BPF_F_QUERY_EFFECTIVE;
  if (syscall(SYS_bpf, BPF_PROG_QUERY, &query, sizeof query) != 0) {
    return std::unexpected(FaultOfErrno());
  }
  return query.query.prog_cnt;
}

// v2 keeps a reservation in memory.min (hard) and memory.low (soft): the larger one protects.
Fact<Limit> LargerReservation(const Fact<Limit>& low, const Fact<Limit>& minimum) {
  if (!low || !minimum) return !low ? low : minimum;
  const Limit soft = *low;
  const Limit hard = *minimum;
  return soft && hard ? Limit{std::max(*soft, *hard)} : Limit{};
}

}  // namespace

void CgroupFiles::ReadPath(CgroupIndex cgroup) {
  read_.resize(snapshot_.cgroups.size());
  for (std::optional<CgroupIndex> at = cgroup; at;) {
    const auto row = static_cast<std::size_t>(*at);
    if (read_[row]) return;  // Its ancestors were read with it.
    read_[row] = true;
    ReadOne(snapshot_.cgroups[row]);
    at = snapshot_.cgroups[row].parent;
  }
}

void CgroupFiles::ReadIdentity(CgroupIndex cgroup) {
  Cgroup& one = snapshot_.cgroups[static_cast<std::size_t>(cgroup)];
  if (one.inode == Missing(ErrorCode::kNotRead)) Identify(one);
}

std::optional<std::string> CgroupFiles::Identify(Cgroup& cgroup) {
  auto path = memberships_.DirectoryOf(cgroup.hierarchy, snapshot_.Text(cgroup.path));
  if (!path) {
    cgroup.inode = Missing(ErrorCode::kVantage);
    return std::nullopt;
  }
  const auto status = StatusOf(roots_.cgroup.get(), path->c_str(), Follow::kNo);
  cgroup.inode = status ? Fact<std::uint64_t>(status->inode) : std::unexpected(status.error());
  if (!status) return std::nullopt;
  return path;
}

void CgroupFiles::ReadOne(Cgroup& cgroup) {
  const Hierarchy& hierarchy = snapshot_.hierarchies[static_cast<std::size_t>(cgroup.hierarchy)];
  const auto path = Identify(cgroup);
  const CgroupVersion version = hierarchy.version;
  const auto& devices =
      snapshot_.host.controller_versions[std::to_underlying(Controller::kDevices)];
  const bool has_programs = version == CgroupVersion::kV2 && devices == version;
  if (!path || (hierarchy.controllers == 0 && !has_programs)) return;
  if (kept_ != nullptr) kept_->Enter(*path, *cgroup.inode);
  CgroupDirectory directory(roots_.cgroup, *path);
  ReadControllers(directory, hierarchy, has_programs, cgroup);
}

Fact<std::string_view> CgroupFiles::Text(CgroupDirectory& directory, const char* path) {
  if (kept_ != nullptr) return kept_->Read(directory, path, buffer_);
  const auto opened = directory.Open();
  if (!opened) return std::unexpected(opened.error());
  return buffer_.Read(*opened, path);
}

void CgroupFiles::ReadControllers(CgroupDirectory& directory, const Hierarchy& hierarchy,
                                  bool has_programs, Cgroup& cgroup) {
  const CgroupVersion version = hierarchy.version;
  const auto here = [&](Controller controller) {
    return (hierarchy.controllers >> std::to_underlying(controller) & 1) != 0;
  };
  const auto keep = [](auto& table, auto files) {
    return std::to_underlying(Add<CgroupIndex>(table, std::move(files)));
  };
  if (here(Controller::kMemory))
    cgroup.memory = keep(snapshot_.memory_files, ReadMemory(directory, version));
  if (here(Controller::kCpu)) cgroup.cpu = keep(snapshot_.cpu_files, ReadCpu(directory, version));
  if (here(Controller::kPids)) cgroup.pids = keep(snapshot_.pids_files, ReadPids(directory));
  if (here(Controller::kCpuset))
    cgroup.cpuset = keep(snapshot_.cpuset_files, ReadCpuset(directory, version));
  if (here(Controller::kIo)) cgroup.io = keep(snapshot_.io_files, ReadIo(directory, version));
  if (has_programs || here(Controller::kDevices)) {
    cgroup.devices = keep(snapshot_.device_files, ReadDevices(directory, version));
  }
}

MemoryFiles CgroupFiles::ReadMemory(CgroupDirectory& directory, CgroupVersion version) {
  if (version == CgroupVersion::kV1) {
    return {.max = Read(directory, "memory.limit_in_bytes", ParseMemoryV1),
            .reservation = Read(directory, "memory.soft_limit_in_bytes", ParseMemoryV1),
            .swap = Read(directory, "memory.memsw.limit_in_bytes", ParseMemoryV1),
            .kernel = Read(directory, "memory.kmem.limit_in_bytes", ParseMemoryV1),
            .oom_kill_disabled = Read(directory, "memory.oom_control", ParseOomKillDisabled),
            .use_hierarchy = Read(directory, "memory.use_hierarchy", ParseZeroOrOne)};
  }
  const auto low = Read(directory, "memory.low", ParseMaxOrNumber);
  const auto minimum = Read(directory, "memory.min", ParseMaxOrNumber);
  return {.max = Read(directory, "memory.max", ParseMaxOrNumber),
          .high = Read(directory, "memory.high", ParseMaxOrNumber),
          .reservation = LargerReservation(low, minimum),
          .swap = Read(directory, "memory.swap.max", ParseMaxOrNumber),
          .kernel = Missing(ErrorCode::kUnsupported),  // v1's alone, as are the next.
          .oom_kill_disabled = Missing(ErrorCode::kUnsupported),
          .use_hierarchy = Missing(ErrorCode::kUnsupported)};
}

CpuFiles CgroupFiles::ReadCpu(CgroupDirectory& directory, CgroupVersion version) {
  if (version == CgroupVersion::kV2) {
    return {.quota = Read(directory, "cpu.max", ParseCpuMax),
            .weight = Read(directory, "cpu.weight", ParseNumber)};
  }
  // The buffer is reused by the next read, so the first text is copied.
  const auto quota = Read(directory, "cpu.cfs_quota_us", [](std::string_view text) {
    return Fact<std::string>(std::string(text));
  });
  CpuFiles files{.weight = Read(directory, "cpu.shares", ParseNumber)};
  files.quota = quota ? Read(directory, "cpu.cfs_period_us",
                             [&](std::string_view period) { return ParseCfsQuota(*quota, period); })
                      : std::unexpected(quota.error());
  return files;
}

PidsFiles CgroupFiles::ReadPids(CgroupDirectory& directory) {
  return {.max = Read(directory, "pids.max", ParseMaxOrNumber)};
}

CpusetFiles CgroupFiles::ReadCpuset(CgroupDirectory& directory, CgroupVersion version) {
  const auto list = [&](std::string_view text) -> Fact<StringId> {
    if (!ParseCpuList(text)) return Missing(ErrorCode::kMalformed);
    return snapshot_.strings.Intern(TrimLine(text));
  };
  const char* const effective =
      version == CgroupVersion::kV1 ? "cpuset.effective_cpus" : "cpuset.cpus.effective";
  return {.cpus = Read(directory, "cpuset.cpus", list),
          .effective = Read(directory, effective, list)};
}

IoFiles CgroupFiles::ReadIo(CgroupDirectory& directory, CgroupVersion version) {
  IoFiles files;
  static constexpr std::array kV1 = {"blkio.bfq.weight", "blkio.weight"};
  static constexpr std::array kV2 = {"io.bfq.weight", "io.weight"};
  for (const char* const path : version == CgroupVersion::kV1 ? kV1 : kV2) {
    files.weight = Read(directory, path, ParseIoWeight);
    files.weight_is_bfq = std::string_view(path).find("bfq") != std::string_view::npos;
    if (files.weight || files.weight.error().code != ErrorCode::kNotFound) break;
  }
  if (version == CgroupVersion::kV1) {
    files.limits = ReadThrottles(directory);
    return files;
  }
  auto limits = Read(directory, "io.max", ParseIoMax);
  files.limits = limits ? Fact<IoLimitListIndex>(KeepIoLimits(snapshot_, std::move(*limits)))
                        : std::unexpected(limits.error());
  return files;
}

Fact<IoLimitListIndex> CgroupFiles::ReadThrottles(CgroupDirectory& directory) {
  struct File {
    const char* path;
    Limit IoLimit::* field;
  };
  static constexpr std::array kFiles = {
      File{.path = "blkio.throttle.read_bps_device", .field = &IoLimit::read_bytes},
      File{.path = "blkio.throttle.write_bps_device", .field = &IoLimit::write_bytes},
      File{.path = "blkio.throttle.read_iops_device", .field = &IoLimit::read_operations},
      File{.path = "blkio.throttle.write_iops_device", .field = &IoLimit::write_operations}};
  std::vector<IoLimit> limits;
  for (const File& file : kFiles) {
    const auto throttles = Read(directory, file.path, ParseThrottle);
    if (!throttles) return std::unexpected(throttles.error());
    for (const DeviceThrottle& throttle : *throttles) {
      LimitOf(limits, throttle.device).*file.field = throttle.value;
    }
  }
  return KeepIoLimits(snapshot_, std::move(limits));
}

DeviceFiles CgroupFiles::ReadDevices(CgroupDirectory& directory, CgroupVersion version) {
  DeviceFiles files;
  if (version == CgroupVersion::kV2) {
    // A copied tree has no programs to ask the kernel for.
    const auto opened = roots_.plain ? Fact<int>(Missing(ErrorCode::kVantage)) : directory.Open();
    files.programs = opened ? CountDevicePrograms(*opened) : std::unexpected(opened.error());
    return files;
  }
  const auto text = Text(directory, "devices.list");
  if (!text) {
    files.rules = std::unexpected(text.error());
    return files;
  }
  files.rules = device_lists_.Find(*text, [&](std::string_view list) -> Fact<DeviceListIndex> {
    auto rules = ParseDevicesList(list);
    if (!rules) return std::unexpected(rules.error());
    return Add<DeviceListIndex>(snapshot_.device_lists, std::move(*rules));
  });
  return files;
}

}  // namespace hullmark
