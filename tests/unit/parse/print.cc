// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/parse/print.h"

#include <array>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "agent/parse/proc_cgroup.h"
#include "hullmark/caps.h"
#include "hullmark/facts.h"
#include "hullmark/ids.h"
#include "hullmark/limits.h"
#include "hullmark/strings.h"

namespace hullmark {
namespace {

std::string Line(std::string_view key, std::string_view value) {
  return std::string(key) + ":\t" + std::string(value) + "\n";
}

std::string Caps(std::string_view key, CapSet caps) {
  std::array<char, 17> digits{};
  std::snprintf(digits.data(), digits.size(), "%016llx",
                static_cast<unsigned long long>(caps.bits()));
  return Line(key, digits.data());
}

template <typename Id>
std::string Ids(std::string_view key, const IdQuadruple<Id>& ids) {
  std::string value;
  for (const Id id : {ids.real, ids.effective, ids.saved, ids.fs}) {
    if (!value.empty()) value += '\t';
    value += std::to_string(std::to_underlying(id));
  }
  return Line(key, value);
}

std::string PidChain(const ProcStatus& status) {
  std::string value;
  for (int level = 1; level < status.pid_depth; ++level) value += "4711\t";
  return Line("NSpid", value + std::to_string(status.innermost_pid));
}

// As the kernel mangles fields of mountinfo.
std::string Escaped(std::string_view text, std::string_view special) {
  std::string out;
  for (const char c : text) {
    if (!special.contains(c)) {
      out += c;
      continue;
    }
    std::array<char, 5> escape{};
    std::snprintf(escape.data(), escape.size(), "\\%03o", static_cast<unsigned char>(c));
    out += escape.data();
  }
  return out;
}

std::string Word(const Limit& limit) { return limit ? std::to_string(*limit) : "max"; }

std::string Number(const std::optional<std::uint32_t>& number) {
  return number ? std::to_string(*number) : "*";
}

std::string Device(DeviceNumber device) {
  return std::to_string(device.major) + ":" + std::to_string(device.minor);
}

std::string MountOptions(const MountFlags& flags) {
  std::string options = flags.read_only ? "ro" : "rw";
  if (flags.no_suid) options += ",nosuid";
  if (flags.no_dev) options += ",nodev";
  return options + ",noexec,relatime";
}

}  // namespace

std::string PrintStatus(const ProcStatus& status, std::span<const Gid> groups) {
  std::string group_words;
  for (const Gid gid : groups) group_words += std::to_string(std::to_underlying(gid)) + " ";
  std::string text = Line("Name", "a\\nUid: 0") + Line("Umask", "0022");
  text += Ids("Uid", status.uid) + Ids("Gid", status.gid) + Line("Groups", group_words + " ");
  if (status.pid_depth > 0) text += PidChain(status);
  if (status.kernel_thread) text += Line("Kthread", *status.kernel_thread ? "1" : "0");
  text += Line("Threads", std::to_string(status.threads));
  text += Caps("CapInh", status.inheritable) + Caps("CapPrm", status.permitted) +
          Caps("CapEff", status.effective) + Caps("CapBnd", status.bounding);
  if (status.ambient) text += Caps("CapAmb", *status.ambient);
  if (status.no_new_privs) text += Line("NoNewPrivs", *status.no_new_privs ? "1" : "0");
  if (status.seccomp) text += Line("Seccomp", std::to_string(std::to_underlying(*status.seccomp)));
  if (status.seccomp_filters) {
    text += Line("Seccomp_filters", std::to_string(*status.seccomp_filters));
  }
  return text;
}

std::string PrintIdMap(const IdMap& map) {
  std::string text;
  for (const auto& extent : map) {
    std::array<char, 64> line{};
    std::snprintf(line.data(), line.size(), "%10u %10u %10u\n", extent.inside, extent.outside,
                  extent.count);
    text += line.data();
  }
  return text;
}

std::string PrintMount(const Mount& mount, const StringTable& strings) {
  constexpr std::string_view kSpecial = " \t\n\\";
  std::string text = std::to_string(mount.id) + " " + std::to_string(mount.parent) + " " +
                     Device(mount.device) + " " + Escaped(strings[mount.root], kSpecial);
  if (mount.flags.root_deleted) text += "//deleted";
  text += " " + Escaped(strings[mount.mount_point], kSpecial) + " " + MountOptions(mount.flags);
  if (mount.shared != 0) text += " shared:" + std::to_string(mount.shared);
  if (mount.master != 0) text += " master:" + std::to_string(mount.master) + " propagate_from:1";
  text += " - " + Escaped(strings[mount.type], kSpecial) + " " +
          Escaped(strings[mount.source], kSpecial) + (mount.flags.super_read_only ? " ro" : " rw");
  if (strings[mount.type] == "overlay") {
    text += ",upperdir=" + Escaped(strings[mount.upper_dir], ",= \t\n\\");
  }
  return text + "\n";
}

std::string PrintCgroup(std::span<const CgroupLine> lines) {
  std::string text;
  for (const auto& line : lines) {
    text += std::to_string(line.hierarchy) + ":" + std::string(line.controllers) + ":" +
            std::string(line.path) + "\n";
  }
  return text;
}

std::string PrintIoMax(std::span<const IoLimit> limits) {
  std::string text;
  for (const auto& limit : limits) {
    text += Device(limit.device) + " rbps=" + Word(limit.read_bytes) +
            " wbps=" + Word(limit.write_bytes) + " riops=" + Word(limit.read_operations) +
            " wiops=" + Word(limit.write_operations) + "\n";
  }
  return text;
}

std::string PrintDevices(std::span<const DeviceRule> rules) {
  std::string text;
  for (const auto& rule : rules) {
    text += std::string(1, rule.type) + " " + Number(rule.major) + ":" + Number(rule.minor) + " ";
    if (rule.read) text += 'r';
    if (rule.write) text += 'w';
    if (rule.make) text += 'm';
    text += '\n';
  }
  return text;
}

}  // namespace hullmark
