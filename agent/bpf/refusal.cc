// SPDX-License-Identifier: Apache-2.0
#include "agent/bpf/refusal.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "agent/base/file.h"
#include "hullmark/result.h"

namespace hullmark {
namespace {

// The last words of the kernel's verifier: why it refused.
std::string_view LastLine(std::string_view log) {
  while (log.ends_with('\n')) log.remove_suffix(1);
  // The very last line counts what was looked at.
  if (const auto end = log.rfind('\n'); end != std::string_view::npos) log = log.substr(0, end);
  return log.substr(log.rfind('\n') + 1);
}

std::uint64_t EffectiveCapabilities() {
  __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  std::array<__user_cap_data_struct, 2> sets = {};
  if (syscall(SYS_capget, &header, sets.data()) != 0) return 0;
  return std::uint64_t{sets[1].effective} << 32 | sets[0].effective;
}

// "none [integrity] confidentiality"
std::string ChosenWord(std::string_view line) {
  const auto begin = line.find('[');
  const auto end = line.find(']');
  if (begin == std::string_view::npos || end == std::string_view::npos || end < begin) return {};
  return std::string(line.substr(begin + 1, end - begin - 1));
}

std::string MissingCapabilities(const BpfRights& rights) {
  if (rights.admin || (rights.bpf && rights.perfmon)) return {};
  if (rights.bpf) return "CAP_PERFMON is";
  if (rights.perfmon) return "CAP_BPF is";
  return "CAP_BPF and CAP_PERFMON are";
}

}  // namespace

BpfRights OwnBpfRights() {
  const std::uint64_t capabilities = EffectiveCapabilities();
  const auto has = [&](unsigned capability) { return (capabilities >> capability & 1) != 0; };
  ReadBuffer buffer(std::size_t{4} << 10);
  const auto lockdown = buffer.Read(AT_FDCWD, "/sys/kernel/security/lockdown");
  return {.bpf = has(CAP_BPF),
          .perfmon = has(CAP_PERFMON),
          .admin = has(CAP_SYS_ADMIN),
          .lockdown = lockdown ? ChosenWord(*lockdown) : ""};
}

Error WhyRefused(int error, std::string_view log, const BpfRights& rights) {
  if (const std::string missing = MissingCapabilities(rights); !missing.empty()) {
    return {.code = ErrorCode::kDenied,
            .message = "bpf: not permitted: " + missing + " missing (CAP_SYS_ADMIN would do, too)"};
  }
  // The verifier does not even know the calls that read memory then.
  if (rights.lockdown == "confidentiality") {
    return {.code = ErrorCode::kDenied,
            .message =
                "bpf: not permitted: the kernel is locked down for confidentiality, see "
                "kernel_lockdown(7)"};
  }
  // The verifier says EACCES, too: of a program, not of its loader.
  if (error == EPERM) {
    return {.code = ErrorCode::kDenied,
            .message =
                "bpf: not permitted, with all capabilities that it takes: a system call "
                "filter or a security module forbids bpf(2)"};
  }
  return {.code = ErrorCode::kUnsupported,
          .message = "bpf: this kernel does not take the program (" +
                     std::string(std::strerror(error)) +
                     (log.empty() ? "" : ": " + std::string(LastLine(log))) + ")"};
}

}  // namespace hullmark
