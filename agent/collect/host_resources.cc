// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cstddef>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/file.h"
#include "agent/collect/collect.h"
#include "agent/collect/host_look.h"
#include "agent/parse/host_files.h"
#include "agent/parse/limit_files.h"
#include "hullmark/limits.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

// What container runtimes mask or make read-only below /proc and /sys; a path that the host lacks
// needs neither.
constexpr auto kMaskedInProc = std::to_array<const char*>(
    {"acpi", "asound", "bus", "fs", "interrupts", "irq", "kcore", "keys", "latency_stats",
     "sched_debug", "scsi", "sys", "sysrq-trigger", "timer_list", "timer_stats"});
constexpr auto kMaskedInSys =
    std::to_array<const char*>({"firmware", "devices/virtual/powercap", "fs/selinux"});

// Adds those of `names` that exist; the fault of a look that failed.
Fault AddExisting(const Fd& root, std::string_view place, auto names,
                  std::vector<std::string>& into) {
  Fault fault{.code = ErrorCode::kNotFound};
  for (const char* const name : names) {
    const auto status = StatusOf(root.get(), name, Follow::kNo);
    if (status) into.push_back(std::string(place) + name);
    if (!status && status.error().code != ErrorCode::kNotFound) fault = status.error();
  }
  return fault;
}

Fact<std::vector<std::string>> MaskedPathsPresent(const HostLook& look) {
  if (!ShowsKernel(look.roots)) return Missing(ErrorCode::kVantage);
  std::vector<std::string> present;
  for (const Fault fault : {AddExisting(look.roots.proc, "/proc/", kMaskedInProc, present),
                            AddExisting(look.roots.sys, "/sys/", kMaskedInSys, present)}) {
    if (fault.code != ErrorCode::kNotFound) return std::unexpected(fault);
  }
  return present;
}

// A controller that lives in a hierarchy is enabled; kVantage says that it is and that no mount of
// it was found, kUnsupported that this kernel or its boot line has it not.
Fact<bool> IsEnabled(const Fact<CgroupVersion>& version) {
  if (version || version.error().code == ErrorCode::kVantage) return true;
  if (version.error().code == ErrorCode::kUnsupported) return false;
  return std::unexpected(version.error());
}

Fact<std::string> CpusOnline(std::string_view text) {
  const auto cpus = ParseCpuList(text);
  if (!cpus) return std::unexpected(cpus.error());
  if (cpus->empty()) return Missing(ErrorCode::kMalformed);
  return std::string(TrimLine(text));
}

}  // namespace

void CollectResources(HostLook& look) {
  Host& host = look.snapshot.host;
  for (std::size_t at = 0; at < kControllers; ++at) {
    host.controllers.at(at) = IsEnabled(host.controller_versions.at(at));
  }
  host.booted_at = look.ReadOfKernel("stat", ParseBootTime);
  host.memory_bytes = look.ReadOfKernel("meminfo", ParseMemTotal);
  host.swap_active = look.ReadOfKernel("swaps", ParseSwaps);
  host.cpus_online = look.Read(look.roots.sys, "devices/system/cpu/online", CpusOnline);
  host.masked_paths_present = MaskedPathsPresent(look);
}

}  // namespace hullmark
