// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <expected>
#include <string>
#include <string_view>

#include "agent/base/file.h"
#include "agent/collect/host_look.h"
#include "agent/parse/cut.h"
#include "agent/parse/host_files.h"
#include "agent/parse/proc_status.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

constexpr auto kSysctls = std::to_array<std::string_view>({
    "fs/suid_dumpable",
    "kernel/apparmor_restrict_unprivileged_userns",
    "kernel/core_pattern",
    "kernel/core_pipe_limit",
    "kernel/dmesg_restrict",
    "kernel/io_uring_disabled",
    "kernel/kexec_load_disabled",
    "kernel/kptr_restrict",
    "kernel/modules_disabled",
    "kernel/perf_event_paranoid",
    "kernel/pid_max",
    "kernel/randomize_va_space",
    "kernel/threads-max",
    "kernel/unprivileged_bpf_disabled",
    "kernel/unprivileged_userns_clone",
    "kernel/yama/ptrace_scope",
    "net/core/bpf_jit_enable",
    "net/core/bpf_jit_harden",
    "net/ipv4/ip_unprivileged_port_start",
    "user/max_user_namespaces",
});
static_assert(std::ranges::is_sorted(kSysctls), "checks search them");

// Words of the boot line that switch what is judged here; the rest may hold secrets.
constexpr auto kBootWords = std::to_array<std::string_view>(
    {"cgroup", "systemd.unified", "mitigations", "lsm=", "apparmor", "selinux", "security"});

// Files that show the reader's own namespace, by how their names begin, show the host's to those
// who share it.
bool ShowsTheHosts(HostLook& look, std::string_view name) {
  if (name.starts_with("net/")) return look.IsHosts(NamespaceKind::kNet);
  if (name.starts_with("user/")) return look.IsHosts(NamespaceKind::kUser);
  if (name == "kernel/pid_max") return look.IsHosts(NamespaceKind::kPid);  // Since 6.14.
  return true;
}

Fact<std::string> ReadSysctl(HostLook& look, std::string_view name) {
  if (!ShowsTheHosts(look, name)) return Missing(ErrorCode::kVantage);
  return look.ReadOfKernel(("sys/" + std::string(name)).c_str(), [](std::string_view value) {
    return Fact<std::string>(std::string(TrimLine(value)));
  });
}

Fact<std::string> SwitchesOfBootLine(std::string_view text) {
  std::string kept;
  text = TrimLine(text);
  for (auto word = CutWord(text); !word.empty(); word = CutWord(text)) {
    const auto begins = [word](std::string_view start) { return word.starts_with(start); };
    if (!std::ranges::any_of(kBootWords, begins)) continue;
    if (!kept.empty()) kept += ' ';
    kept += word;
  }
  return kept;
}

// The list of actions exists where filters do, since 4.14; before, the line in status tells.
Fact<bool> SeccompFilterAvailable(HostLook& look) {
  const auto actions = look.buffer.Read(look.roots.proc.get(), "sys/kernel/seccomp/actions_avail");
  if (actions) return true;
  if (actions.error().code != ErrorCode::kNotFound) return std::unexpected(actions.error());
  const auto status = look.Read(look.roots.proc, "self/status", ParseProcStatus);
  if (!status) return std::unexpected(status.error());
  return status->facts.seccomp.has_value();
}

}  // namespace

void CollectKernelSettings(HostLook& look) {
  Host& host = look.snapshot.host;
  for (const std::string_view name : kSysctls) {
    host.sysctls.push_back({.name = std::string(name), .value = ReadSysctl(look, name)});
  }
  host.command_line = look.ReadOfKernel("cmdline", SwitchesOfBootLine);
  host.seccomp_filter_available = SeccompFilterAvailable(look);
}

}  // namespace hullmark
