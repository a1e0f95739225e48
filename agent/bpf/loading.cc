// SPDX-License-Identifier: Apache-2.0
#include "agent/bpf/loading.h"

#include <bpf/libbpf.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <expected>
#include <string>

#include "agent/bpf/refusal.h"
#include "hullmark/result.h"

namespace hullmark {

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
  return std::unexpected(WhyRefused(error, log_.data(), OwnBpfRights()));
}

}  // namespace hullmark
