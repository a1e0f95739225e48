// SPDX-License-Identifier: Apache-2.0
#include "agent/collect/membership.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/base/covers.h"
#include "agent/base/file.h"
#include "agent/collect/collect.h"
#include "agent/collect/interner.h"
#include "agent/parse/cut.h"
#include "agent/parse/host_files.h"
#include "agent/parse/mountinfo.h"
#include "agent/parse/proc_cgroup.h"
#include "hullmark/ids.h"
#include "hullmark/limits.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

// Names in kernel files of the controllers we read, by Controller.
constexpr std::array<std::string_view, kControllers> kKernelNames = {"memory", "cpu", "pids",
                                                                     "cpuset", "io",  "devices"};
constexpr std::string_view kV1Io = "blkio";

std::optional<Controller> ControllerOfName(std::string_view name) {
  if (name == kV1Io) return Controller::kIo;
  const auto at = std::ranges::find(kKernelNames, name);
  if (at == kKernelNames.end()) return std::nullopt;
  return static_cast<Controller>(at - kKernelNames.begin());
}

template <typename Visit>
void ForEachWord(std::string_view list, char separator, Visit visit) {
  while (!list.empty()) {
    if (const auto word = Cut(list, separator); !word.empty()) visit(word);
  }
}

using Names = std::set<std::string, std::less<>>;

// "memory", "name=systemd" ...: what /proc/PID/cgroup names hierarchies by.
Names NamesOf(std::string_view cgroup_text) {
  Names names;
  const auto lines = ParseProcCgroup(cgroup_text);
  if (!lines) return names;
  for (const CgroupLine& line : *lines) {
    ForEachWord(line.controllers, ',', [&](std::string_view name) { names.emplace(name); });
  }
  return names;
}

// Super options of a v1 mount are its controllers among flags, which newer kernels add to:
// "rw,cpu,cpuacct", "rw,favordynmods,name=systemd".
std::string ControllersOf(std::string_view super_options, const Names& known) {
  std::string names;
  ForEachWord(super_options, ',', [&](std::string_view word) {
    if (!known.contains(word)) return;
    if (!names.empty()) names += ',';
    names += word;
  });
  return names;
}

std::uint8_t BitsOf(std::string_view names, char separator) {
  std::uint8_t bits = 0;
  ForEachWord(names, separator, [&](std::string_view word) {
    if (const auto controller = ControllerOfName(word)) {
      bits = static_cast<std::uint8_t>(bits | 1U << std::to_underlying(*controller));
    }
  });
  return bits;
}

bool HaveVersion(std::span<const Hierarchy> hierarchies, CgroupVersion version) {
  return std::ranges::find(hierarchies, version, &Hierarchy::version) != hierarchies.end();
}

// Of the first hierarchy that holds the controller.
std::optional<CgroupVersion> VersionThatHolds(std::span<const Hierarchy> hierarchies,
                                              Controller controller) {
  const auto bit = 1U << std::to_underlying(controller);
  const auto holder = std::ranges::find_if(
      hierarchies, [&](const Hierarchy& hierarchy) { return (hierarchy.controllers & bit) != 0; });
  if (holder == hierarchies.end()) return std::nullopt;
  return holder->version;
}

// Why none of the hierarchies holds a controller: mounted where we cannot look, or switched off.
std::unexpected<Fault> WhyHeldNowhere(const Fact<std::vector<CgroupController>>& compiled,
                                      Controller controller) {
  if (!compiled) return std::unexpected(compiled.error());
  const bool enabled = std::ranges::any_of(*compiled, [&](const CgroupController& row) {
    return row.enabled && ControllerOfName(row.name) == controller;
  });
  return Missing(enabled ? ErrorCode::kVantage : ErrorCode::kUnsupported);
}

}  // namespace

Memberships::Memberships(const Roots& roots, Snapshot& snapshot, ReadBuffer& buffer)
    : roots_(roots), snapshot_(snapshot), buffer_(buffer) {
  ReadOwnMounts();
  PlaceControllers();
}

void Memberships::AddHierarchy(const Hierarchy& hierarchy, std::string_view names) {
  // The same hierarchy may be mounted several times; the first mount that shows all of it serves.
  const auto key = std::string(names.substr(0, names.find(',')));
  if (const auto known = by_controller_.find(key); known != by_controller_.end()) {
    Hierarchy& row = snapshot_.hierarchies[static_cast<std::size_t>(known->second)];
    if (!row.whole && hierarchy.whole) row = hierarchy;
    return;
  }
  const auto index = Add<HierarchyIndex>(snapshot_.hierarchies, hierarchy);
  by_controller_.emplace(key, index);
  ForEachWord(names, ',',
              [&](std::string_view name) { by_controller_.emplace(std::string(name), index); });
}

void Memberships::ReadOwnMounts() {
  const auto own = buffer_.Read(roots_.proc.get(), "self/cgroup");
  const Names known = own ? NamesOf(*own) : Names{};
  const auto text = buffer_.Read(roots_.proc.get(), "self/mountinfo");
  const auto lines =
      text ? ParseMountinfoWithOptions(*text, snapshot_.strings) : std::unexpected(text.error());
  if (!lines) {
    snapshot_.host.cgroup_layout = std::unexpected(lines.error());
    return;
  }
  snapshot_.host.cgroup_layout = Missing(ErrorCode::kNotFound);  // Until a mount is seen.
  for (const MountLine& line : *lines) {
    const auto type = snapshot_.Text(line.mount.type);
    const auto place = snapshot_.Text(line.mount.mount_point);
    if ((type != "cgroup" && type != "cgroup2") || !Covers(roots_.cgroup_mount_point, place)) {
      continue;
    }
    const bool unified = type == "cgroup2";
    const std::string names = unified ? "" : ControllersOf(line.super_options, known);
    if (!unified && names.empty()) continue;
    AddHierarchy({.version = unified ? CgroupVersion::kV2 : CgroupVersion::kV1,
                  .name = snapshot_.strings.Intern(names),
                  .mount_point = line.mount.mount_point,
                  .controllers = BitsOf(names, ','),
                  .whole = snapshot_.Text(line.mount.root) == "/"},
                 names);
  }
  ReadUnifiedControllers();
}

void Memberships::ReadUnifiedControllers() {
  const auto unified = by_controller_.find("");
  if (unified == by_controller_.end()) return;
  const auto directory = DirectoryOf(unified->second, "/");
  const auto file =
      buffer_.Read(roots_.cgroup.get(), (directory.value_or(".") + "/cgroup.controllers").c_str());
  if (!file) return;
  snapshot_.hierarchies[static_cast<std::size_t>(unified->second)].controllers =
      BitsOf(TrimLine(*file), ' ');
}

void Memberships::PlaceControllers() {
  // Which layout is in force is what is mounted, not what is compiled in.
  const bool v1 = HaveVersion(snapshot_.hierarchies, CgroupVersion::kV1);
  const bool v2 = HaveVersion(snapshot_.hierarchies, CgroupVersion::kV2);
  if (v1 || v2) {
    snapshot_.host.cgroup_layout = v1 && v2 ? CgroupLayout::kHybrid
                                   : v1     ? CgroupLayout::kV1
                                            : CgroupLayout::kV2;
  }
  const auto own = buffer_.Read(roots_.proc.get(), "self/cgroup");
  if (own) (void)Of(*own);  // v1 hierarchies that exist and are mounted nowhere get a row too.
  const auto compiled = ReadCompiledControllers();
  for (std::size_t at = 0; at < kControllers; ++at) {
    const auto controller = static_cast<Controller>(at);
    auto& version = snapshot_.host.controller_versions[at];
    if (const auto holder = VersionThatHolds(snapshot_.hierarchies, controller)) {
      version = *holder;
    } else if (controller == Controller::kDevices && v2) {
      version = CgroupVersion::kV2;  // Device programs: no file, no line in cgroup.controllers.
    } else {
      version = WhyHeldNowhere(compiled, controller);
    }
  }
}

Fact<std::vector<CgroupController>> Memberships::ReadCompiledControllers() {
  const auto table = buffer_.Read(roots_.proc.get(), "cgroups");
  if (table) return ParseProcCgroups(*table);
  const bool hidden = table.error().code == ErrorCode::kNotFound && !ShowsKernel(roots_);
  return hidden ? Missing(ErrorCode::kNotRead) : std::unexpected(table.error());
}

HierarchyIndex Memberships::HierarchyOf(std::string_view controllers) {
  const auto first = controllers.substr(0, controllers.find(','));
  if (const auto known = by_controller_.find(first); known != by_controller_.end()) {
    return known->second;
  }
  AddHierarchy({.version = controllers.empty() ? CgroupVersion::kV2 : CgroupVersion::kV1,
                .name = snapshot_.strings.Intern(controllers),
                .mount_point = {},
                .controllers = BitsOf(controllers, ','),
                .whole = false},
               controllers);
  return by_controller_.find(first)->second;
}

std::optional<std::string> Memberships::DirectoryOf(HierarchyIndex at,
                                                    std::string_view path) const {
  const Hierarchy& hierarchy = snapshot_.hierarchies[static_cast<std::size_t>(at)];
  const auto mount_point = snapshot_.Text(hierarchy.mount_point);
  if (mount_point.empty() || !hierarchy.whole) return std::nullopt;
  auto below = mount_point.substr(roots_.cgroup_mount_point.size());
  while (below.starts_with('/')) below.remove_prefix(1);
  std::string directory(below.empty() ? "." : below);
  if (path != "/") directory += path;
  return directory;
}

bool Memberships::Exists(HierarchyIndex hierarchy, std::string_view path) const {
  const auto directory = DirectoryOf(hierarchy, path);
  return directory && StatusOf(roots_.cgroup.get(), directory->c_str(), Follow::kNo).has_value();
}

CgroupIndex Memberships::CgroupOf(HierarchyIndex hierarchy, std::string_view path) {
  const StringId id = snapshot_.strings.Intern(path);
  const auto key = std::pair(std::to_underlying(hierarchy), id);
  if (const auto known = by_path_.find(key); known != by_path_.end()) return known->second;
  Cgroup cgroup{.hierarchy = hierarchy, .parent = std::nullopt, .path = id};
  if (path != "/") {
    const auto slash = path.rfind('/');
    cgroup.parent = CgroupOf(hierarchy, slash == 0 ? "/" : path.substr(0, slash));
  }
  const auto index = Add<CgroupIndex>(snapshot_.cgroups, cgroup);
  by_path_.emplace(key, index);
  return index;
}

Fact<MembershipIndex> Memberships::Of(std::string_view text) {
  return memberships_.Find(text, [&](std::string_view lines) { return Parse(lines); });
}

Fact<MembershipIndex> Memberships::Parse(std::string_view text) {
  const auto lines = ParseProcCgroup(text);
  if (!lines) return std::unexpected(lines.error());
  Membership membership;
  for (const CgroupLine& line : *lines) {
    if (line.outside_view) {
      membership.outside_view = true;
      continue;
    }
    const HierarchyIndex hierarchy = HierarchyOf(line.controllers);
    const auto living_path = WithoutDeletedSuffix(line.path);
    const bool deleted = living_path && !Exists(hierarchy, line.path);
    const CgroupIndex cgroup = CgroupOf(hierarchy, deleted ? *living_path : line.path);
    if (deleted) snapshot_.cgroups[static_cast<std::size_t>(cgroup)].deleted = true;
    membership.cgroups.push_back(cgroup);
  }
  std::ranges::sort(membership.cgroups, {},
                    [&](CgroupIndex at) { return std::to_underlying(snapshot_.At(at).hierarchy); });
  hashes_.push_back(std::hash<std::string_view>{}(text));
  return Add<MembershipIndex>(snapshot_.memberships, std::move(membership));
}

}  // namespace hullmark
