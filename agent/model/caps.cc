// SPDX-License-Identifier: Apache-2.0
#include "hullmark/caps.h"

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace hullmark {
namespace {

constexpr std::array<std::string_view, kNamedCaps> kNames = {"CAP_CHOWN",
                                                             "CAP_DAC_OVERRIDE",
                                                             "CAP_DAC_READ_SEARCH",
                                                             "CAP_FOWNER",
                                                             "CAP_FSETID",
                                                             "CAP_KILL",
                                                             "CAP_SETGID",
                                                             "CAP_SETUID",
                                                             "CAP_SETPCAP",
                                                             "CAP_LINUX_IMMUTABLE",
                                                             "CAP_NET_BIND_SERVICE",
                                                             "CAP_NET_BROADCAST",
                                                             "CAP_NET_ADMIN",
                                                             "CAP_NET_RAW",
                                                             "CAP_IPC_LOCK",
                                                             "CAP_IPC_OWNER",
                                                             "CAP_SYS_MODULE",
                                                             "CAP_SYS_RAWIO",
                                                             "CAP_SYS_CHROOT",
                                                             "CAP_SYS_PTRACE",
                                                             "CAP_SYS_PACCT",
                                                             "CAP_SYS_ADMIN",
                                                             "CAP_SYS_BOOT",
                                                             "CAP_SYS_NICE",
                                                             "CAP_SYS_RESOURCE",
                                                             "CAP_SYS_TIME",
                                                             "CAP_SYS_TTY_CONFIG",
                                                             "CAP_MKNOD",
                                                             "CAP_LEASE",
                                                             "CAP_AUDIT_WRITE",
                                                             "CAP_AUDIT_CONTROL",
                                                             "CAP_SETFCAP",
                                                             "CAP_MAC_OVERRIDE",
                                                             "CAP_MAC_ADMIN",
                                                             "CAP_SYSLOG",
                                                             "CAP_WAKE_ALARM",
                                                             "CAP_BLOCK_SUSPEND",
                                                             "CAP_AUDIT_READ",
                                                             "CAP_PERFMON",
                                                             "CAP_BPF",
                                                             "CAP_CHECKPOINT_RESTORE"};

}  // namespace

std::optional<std::string_view> NameOfCap(int number) {
  if (number < 0 || number >= kNamedCaps) return std::nullopt;
  return kNames[static_cast<std::size_t>(number)];
}

std::optional<Cap> CapOfName(std::string_view name) {
  constexpr std::string_view kPrefix = "CAP_";
  if (name.starts_with(kPrefix)) name.remove_prefix(kPrefix.size());
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i].substr(kPrefix.size()) == name) return static_cast<Cap>(i);
  }
  return std::nullopt;
}

std::string ToText(CapSet caps, int most) {
  std::string text;
  int listed = 0;
  int left_out = 0;
  for (int number = 0; number < 64; ++number) {
    if (((caps.bits() >> number) & 1) == 0) continue;
    if (listed == most) {
      ++left_out;
      continue;
    }
    if (listed++ > 0) text += ", ";
    if (const auto name = NameOfCap(number)) {
      text += *name;
    } else {
      text += "bit " + std::to_string(number);
    }
  }
  if (left_out > 0) text += " and " + std::to_string(left_out) + " more";
  return text;
}

}  // namespace hullmark
