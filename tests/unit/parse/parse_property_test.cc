// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/parse/cmdline.h"
#include "agent/parse/descriptor_link.h"
#include "agent/parse/devices_list.h"
#include "agent/parse/host_files.h"
#include "agent/parse/id_map.h"
#include "agent/parse/limit_files.h"
#include "agent/parse/mountinfo.h"
#include "agent/parse/namespace_link.h"
#include "agent/parse/net_sockets.h"
#include "agent/parse/proc_cgroup.h"
#include "agent/parse/proc_stat.h"
#include "agent/parse/proc_status.h"
#include "agent/parse/rlimits.h"
#include "hullmark/caps.h"
#include "hullmark/facts.h"
#include "hullmark/ids.h"
#include "hullmark/limits.h"
#include "hullmark/result.h"
#include "hullmark/strings.h"
#include "tests/unit/parse/print.h"

namespace hullmark {
namespace {

template <typename T>
T Any() {
  return *rc::gen::arbitrary<T>();
}

template <typename T>
std::optional<T> Maybe() {
  return Any<bool>() ? std::optional(Any<T>()) : std::nullopt;
}

std::uint32_t Between(std::uint32_t least, std::uint32_t past) {
  return *rc::gen::inRange(least, past);
}

std::string AnyName() { return *rc::gen::nonEmpty(rc::gen::string<std::string>()); }

CapSet AnyCaps() { return CapSet(Any<std::uint64_t>()); }

template <typename Id>
IdQuadruple<Id> AnyIds() {
  return {.real = Id{Any<std::uint32_t>()},
          .effective = Id{Any<std::uint32_t>()},
          .saved = Id{Any<std::uint32_t>()},
          .fs = Id{Any<std::uint32_t>()}};
}

ProcStatus AnyStatus() {
  ProcStatus status{.inheritable = AnyCaps(),
                    .permitted = AnyCaps(),
                    .effective = AnyCaps(),
                    .bounding = AnyCaps(),
                    .uid = AnyIds<Uid>(),
                    .gid = AnyIds<Gid>(),
                    .threads = Any<std::uint32_t>(),
                    .pid_depth = static_cast<std::uint8_t>(Between(0, 33)),
                    .no_new_privs = Maybe<bool>(),
                    .seccomp_filters = Maybe<std::uint16_t>(),
                    .kernel_thread = Maybe<bool>()};
  if (Any<bool>()) status.ambient = AnyCaps();
  if (Any<bool>()) status.seccomp = SeccompMode{static_cast<std::uint8_t>(Between(0, 3))};
  if (status.pid_depth > 0) status.innermost_pid = static_cast<std::int32_t>(Between(0, 4194304));
  return status;
}

RC_GTEST_PROP(ParseAfterPrint, KeepsAStatus, ()) {
  const auto status = AnyStatus();
  std::vector<Gid> groups;
  for (const auto gid : Any<std::vector<std::uint32_t>>()) groups.push_back(Gid{gid});
  const auto text = PrintStatus(status, groups);
  const auto parsed = ParseProcStatus(text);
  RC_ASSERT(parsed.has_value());
  RC_ASSERT(parsed->facts == status);
  RC_ASSERT((ParseGroups(parsed->groups) == groups));
}

RC_GTEST_PROP(ParseAfterPrint, KeepsAnIdMap, ()) {
  constexpr auto kMost = std::numeric_limits<std::uint32_t>::max();
  IdMap map;
  for (auto left = Between(0, 341); left > 0; --left) {
    const auto inside = Between(0, kMost), outside = Between(0, kMost);
    const auto room = kMost - std::max(inside, outside);
    map.push_back({.inside = inside, .outside = outside, .count = room < 2 ? 1 : Between(1, room)});
  }
  RC_ASSERT((ParseIdMap(PrintIdMap(map)) == map));
}

RC_GTEST_PROP(ParseAfterPrint, KeepsAMount, ()) {
  StringTable strings;
  const bool overlay = Any<bool>();
  const Mount mount{.id = Any<std::uint32_t>(),
                    .parent = Any<std::uint32_t>(),
                    .device = {.major = Any<std::uint32_t>(), .minor = Any<std::uint32_t>()},
                    .root = strings.Intern("/" + AnyName()),
                    .mount_point = strings.Intern("/" + AnyName()),
                    .type = strings.Intern(overlay ? "overlay" : "fuse." + AnyName()),
                    .source = strings.Intern(Any<bool>() ? "" : AnyName()),
                    .upper_dir = strings.Intern(overlay ? AnyName() : ""),
                    .shared = Any<std::uint32_t>(),
                    .master = Any<std::uint32_t>(),
                    .flags = {.read_only = Any<bool>(),
                              .no_suid = Any<bool>(),
                              .no_dev = Any<bool>(),
                              .super_read_only = Any<bool>(),
                              .root_deleted = Any<bool>()}};
  RC_PRE(!strings[mount.root].ends_with("//deleted"));
  const auto text = PrintMount(mount, strings);
  const auto size = strings.size();
  const auto parsed = ParseMountinfo(text, strings, 1);
  RC_ASSERT(parsed.has_value());
  RC_ASSERT(!parsed->truncated);
  RC_ASSERT(strings.size() == size);  // Every text came back as it was.
  RC_ASSERT(PrintMount(parsed->mounts.at(0), strings) == text);
  RC_ASSERT(parsed->mounts.at(0).root == mount.root);
  RC_ASSERT(parsed->mounts.at(0).mount_point == mount.mount_point);
  RC_ASSERT(parsed->mounts.at(0).source == mount.source);
  RC_ASSERT(parsed->mounts.at(0).upper_dir == mount.upper_dir);
  RC_ASSERT(parsed->mounts.at(0).flags == mount.flags);
}

RC_GTEST_PROP(ParseAfterPrint, KeepsACgroupLine, ()) {
  auto path = "/" + AnyName();
  std::ranges::replace(path, '\n', ':');
  const auto hierarchy = Any<std::uint32_t>();
  const CgroupLine line{.hierarchy = hierarchy,
                        .controllers = hierarchy == 0 ? "" : "name=x",
                        .path = path,
                        .outside_view = path == "/.." || path.starts_with("/../")};
  const std::vector lines{line, line};
  const auto text = PrintCgroup(lines);
  const auto parsed = ParseProcCgroup(text);
  RC_ASSERT(parsed.has_value());
  RC_ASSERT(parsed->size() == 2U);
  RC_ASSERT(PrintCgroup(*parsed) == text);
  RC_ASSERT(parsed->at(1).path == path);
  RC_ASSERT(parsed->at(1).outside_view == line.outside_view);
}

RC_GTEST_PROP(ParseAfterPrint, KeepsIoLimits, ()) {
  std::vector<IoLimit> limits;
  for (auto left = Between(0, 9); left > 0; --left) {
    limits.push_back({.device = {.major = Any<std::uint32_t>(), .minor = Any<std::uint32_t>()},
                      .read_bytes = Maybe<std::uint64_t>(),
                      .write_bytes = Maybe<std::uint64_t>(),
                      .read_operations = Maybe<std::uint64_t>(),
                      .write_operations = Maybe<std::uint64_t>()});
  }
  RC_ASSERT((ParseIoMax(PrintIoMax(limits)) == limits));
}

RC_GTEST_PROP(ParseAfterPrint, KeepsDeviceRules, ()) {
  std::vector<DeviceRule> rules;
  for (auto left = Between(0, 9); left > 0; --left) {
    DeviceRule rule{.type = *rc::gen::elementOf(std::string("abc")),
                    .major = Maybe<std::uint32_t>(),
                    .minor = Maybe<std::uint32_t>(),
                    .read = Any<bool>(),
                    .write = Any<bool>()};
    rule.make = (!rule.read && !rule.write) || Any<bool>();
    rules.push_back(rule);
  }
  RC_ASSERT((ParseDevicesList(PrintDevices(rules)) == rules));
}

// Bytes that parsers look at are likelier than others.
std::string HostileText() {
  return *rc::gen::container<std::string>(
      rc::gen::oneOf(rc::gen::arbitrary<char>(),
                     rc::gen::elementOf(std::string("\n\n\t  ::/\\-,()[]=019@rwm#") + '\0')));
}

RC_GTEST_PROP(AnyBytes, GiveAFactOrMalformed, ()) {
  const auto text = HostileText();
  StringTable strings;
  const auto honest = [](const auto& fact) {
    return fact.has_value() || fact.error().code == ErrorCode::kMalformed;
  };
  RC_ASSERT(honest(ParseProcStatus(text)) && honest(ParseGroups(text)));
  RC_ASSERT(honest(ParseProcStat(text)) && honest(ParseProcStat("1 (a" + text + "\n")));
  RC_ASSERT(honest(ParseNamespaceLink(text, NamespaceKind::kTime)));
  RC_ASSERT(honest(ParseIdMap(text)) && honest(ParseRlimits(text)));
  RC_ASSERT(honest(ParseMountinfo(text, strings, 9)));
  RC_ASSERT(honest(ParseMountinfo("1 2 0:3 / " + text + " - a b ro\n", strings, 9)));
  RC_ASSERT(honest(ParseProcCgroup(text)) && honest(ParseDevicesList(text)));
  RC_ASSERT(honest(ParseIoMax(text)) && honest(ParseThrottle(text)));
  RC_ASSERT(honest(ParseCpuList(text)) && honest(ParseCpuMax(text)));
  RC_ASSERT(honest(ParseNetUnix("Num \n" + text)));
  RC_ASSERT(honest(ParseNetTcp("  sl  local_address\n" + text, true)));
  RC_ASSERT(honest(ParseMemTotal(text)) && honest(ParseLockdown(text)));
  RC_ASSERT(honest(CountEnforcedProfiles(text)) && honest(ParseLsmList(text)));
  RC_ASSERT(text.empty() || ParseInvocation(text, strings).has_value());
  RC_ASSERT(ParseDescriptorLink(text).kind != DescriptorKind::kClosed);
}

}  // namespace
}  // namespace hullmark
