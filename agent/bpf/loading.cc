// SPDX-License-Identifier: Apache-2.0
#include "agent/bpf/loading.h"

#include <bpf/libbpf.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <expected>
#include <string>
#include <string_view>

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

}  // namespace

Loading::Loading() { libbpf_set_print(nullptr); }

void Loading::Prepare(bpf_object_open_opts& options) {
  options.sz = sizeof options;
  options.kernel_log_buf = log_.data();
  options.kernel_log_size = log_.size();
}

Result<void> Loading::CheckTypes() {
  if (access("/sys/kernel/btf/vmlinux", R_OK) == 0) return {};
  return Fail(ErrorCode::kNotFound,
              "bpf: /sys/kernel/btf/vmlinux: " + std::string(std::strerror(errno)) +
                  ": this kernel does not describe its types (CONFIG_DEBUG_INFO_BTF)");
}

std::unexpected<Error> Loading::Failure(int error) const {
  // The verifier says EACCES, too: of a program, not of its loader.
  if (error == EPERM) {
    return Fail(ErrorCode::kDenied,
                "bpf: not permitted: it takes CAP_BPF and CAP_PERFMON (or CAP_SYS_ADMIN), and a "
                "kernel that is not locked down for confidentiality");
  }
  const std::string_view log(log_.data());
  return Fail(ErrorCode::kUnsupported,
              "bpf: this kernel does not take the program (" + std::string(std::strerror(error)) +
                  (log.empty() ? "" : ": " + std::string(LastLine(log))) + ")");
}

}  // namespace hullmark
