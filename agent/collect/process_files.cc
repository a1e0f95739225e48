// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <unordered_set>
#include <utility>
#include <vector>

#include "agent/base/file.h"
#include "agent/collect/collect.h"
#include "agent/collect/kept_mounts.h"
#include "agent/collect/membership.h"
#include "agent/collect/mount_table.h"
#include "agent/collect/open_process.h"
#include "agent/collect/process_reader.h"
#include "agent/collect/recall.h"
#include "agent/parse/cmdline.h"
#include "agent/parse/cut.h"
#include "agent/parse/descriptor_link.h"
#include "agent/parse/host_files.h"
#include "agent/parse/id_map.h"
#include "agent/parse/lsm_label.h"
#include "agent/parse/mountinfo.h"
#include "agent/parse/namespace_link.h"
#include "agent/parse/rlimits.h"
#include "hullmark/facts.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"
#include "hullmark/strings.h"

namespace hullmark {
namespace {

// The bytes of a plain value as a key: equal values have equal keys.
template <typename Part>
void AppendBytes(std::string& key, const Part& part) {
  static_assert(std::has_unique_object_representations_v<Part>);
  std::array<char, sizeof(Part)> bytes;
  std::memcpy(bytes.data(), &part, sizeof part);
  key.append(bytes.data(), bytes.size());
}

// A chroot hides the mounts above it: such a table has no "/".
bool HasRoot(const std::vector<Mount>& mounts, const StringTable& strings) {
  return std::ranges::any_of(mounts,
                             [&](const Mount& mount) { return strings[mount.mount_point] == "/"; });
}

bool Lists(const std::vector<Mount>& mounts, std::uint32_t id) {
  return std::ranges::find(mounts, id, &Mount::id) != mounts.end();
}

// Whether all of `others` are among `mounts`, which a process with a root above sees.
bool Shows(const std::vector<Mount>& mounts, const std::vector<Mount>& others) {
  if (others.size() > mounts.size()) return false;
  std::unordered_set<std::uint32_t> ids;
  for (const Mount& mount : mounts) ids.insert(mount.id);
  return std::ranges::all_of(others, [&](const Mount& mount) { return ids.contains(mount.id); });
}

// An empty map may only be not yet written: another process of the namespace may know better.
bool IsWanted(const Fact<IdMap>& map) { return !map || map->empty(); }

// Whether a program's arguments matter: somebody may be typing at it.
bool MayBeInteractive(const Process& process, const Snapshot& snapshot) {
  if (process.stat.tty != 0) return true;
  if (!process.stdio) return false;
  const Stdio& stdio = snapshot.stdios[static_cast<std::size_t>(*process.stdio)];
  return stdio.kind[0] == DescriptorKind::kTerminal || stdio.kind[0] == DescriptorKind::kSocket;
}

// What lies behind a link of a copied tree is of another machine: exe.statx beside exe and
// root.statx beside root have what statx(2) said, "8:1 131 1 27\n": device, inode, links, mount id.
// kNotFound: nobody wrote it.
Fact<FileStatus> CopiedStatus(int directory, const char* path, ReadBuffer& buffer) {
  const auto text = buffer.Read(directory, path);
  if (!text) return std::unexpected(text.error());
  auto rest = WithoutNewline(*text);
  const auto device = DeviceNumberOf(CutWord(rest));
  const auto inode = CutNumber<std::uint64_t>(rest);
  const auto links = CutNumber<std::uint32_t>(rest);
  const auto mount_id = CutNumber<std::uint32_t>(rest);
  if (!device || !inode || !links || !mount_id || !rest.empty()) return Malformed();
  return FileStatus{.device = *device,
                    .special = {},
                    .inode = *inode,
                    .links = *links,
                    .has_mount_id = true,
                    .mount_id = *mount_id};
}

}  // namespace

LabelSource FindLabelSource(const Roots& roots, ReadBuffer& buffer) {
  if (buffer.Read(roots.proc.get(), "self/attr/apparmor/current")) {
    return {.path = "attr/apparmor/current", .module = Label::Module::kAppArmor};
  }
  const auto current = buffer.Read(roots.proc.get(), "self/attr/current");
  if (!current) return {.absent = current.error()};
  // Before 5.8 AppArmor has no directory of its own.
  const auto enabled = buffer.Read(roots.sys.get(), "module/apparmor/parameters/enabled");
  if (enabled && TrimLine(*enabled) == "Y") {
    return {.path = "attr/current", .module = Label::Module::kAppArmor};
  }
  const bool selinux = StatusOf(roots.sys.get(), "fs/selinux/enforce", Follow::kNo).has_value();
  return {.path = "attr/current",
          .module = selinux ? Label::Module::kSelinux : Label::Module::kOther};
}

Fact<MembershipIndex> ProcessReader::ReadCgroup(int directory) {
  const auto text = buffer_.Read(directory, "cgroup");
  if (!text) return std::unexpected(text.error());
  return memberships_.Of(*text);
}

Fact<LabelIndex> ProcessReader::ReadLabel(ProcessDirectory& directory) {
  if (label_source_.path == nullptr) return std::unexpected(label_source_.absent);
  const auto opened = directory.Open();
  if (!opened) return std::unexpected(opened.error());
  const auto text = buffer_.Read(*opened, label_source_.path);
  if (!text) return std::unexpected(text.error());
  return labels_.Find(*text, [&](std::string_view label) -> Fact<LabelIndex> {
    return tables_.Keep(
        Label{.module = label_source_.module, .text = snapshot_.strings.Intern(TrimLabel(label))});
  });
}

Fact<ExecutableIndex> ProcessReader::ReadExecutable(int directory) {
  const auto link = buffer_.ReadLink(directory, "exe");
  if (!link) return std::unexpected(link.error());
  std::string key(*link);
  const auto status = roots_.plain ? CopiedStatus(directory, "exe.statx", buffer_)
                                   : StatusOf(directory, "exe", Follow::kYes);
  if (!status && !roots_.plain) return std::unexpected(status.error());
  const std::size_t path_length = key.size();
  key += '\0';
  if (status) {
    AppendBytes(key, status->device);
    AppendBytes(key, status->inode);
    AppendBytes(key, status->links);
    AppendBytes(key, status->has_mount_id);
    AppendBytes(key, status->mount_id);
  }
  return executables_.Find(key, [&](std::string_view whole) -> Fact<ExecutableIndex> {
    Executable executable{.path = snapshot_.strings.Intern(whole.substr(0, path_length))};
    if (status) {
      executable.device = status->device;
      executable.inode = status->inode;
      executable.links = status->links;
      if (status->has_mount_id) executable.mount_id = status->mount_id;
    }
    return tables_.Keep(executable);
  });
}

Fact<RlimitsIndex> ProcessReader::ReadRlimits(int directory) {
  const auto text = buffer_.Read(directory, "limits");
  if (!text) return std::unexpected(text.error());
  return rlimits_.Find(*text, [&](std::string_view limits) -> Fact<RlimitsIndex> {
    const auto parsed = ParseRlimits(limits);
    if (!parsed) return std::unexpected(parsed.error());
    return tables_.Keep(*parsed);
  });
}

Fact<std::int16_t> ProcessReader::ReadOomScoreAdj(int directory) {
  const auto text = buffer_.Read(directory, "oom_score_adj");
  if (!text) return std::unexpected(text.error());
  const auto line = TrimLine(*text);
  std::int16_t value = 0;
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), value);
  if (error != std::errc{} || end != line.data() + line.size()) {
    return Missing(ErrorCode::kMalformed);
  }
  return value;
}

Fact<StdioIndex> ProcessReader::ReadStdio(int directory) {
  static constexpr std::array kPaths = {"fd/0", "fd/1", "fd/2"};
  Stdio stdio;
  for (std::size_t at = 0; at < kPaths.size(); ++at) {
    const auto link = buffer_.ReadLink(directory, kPaths[at]);
    if (!link) {
      if (link.error().code != ErrorCode::kNotFound) return std::unexpected(link.error());
      stdio.kind[at] = DescriptorKind::kClosed;
      continue;
    }
    const Descriptor descriptor = ParseDescriptorLink(*link);
    stdio.kind[at] = descriptor.kind;
    stdio.socket[at] = descriptor.socket;
  }
  return tables_.Keep(stdio);
}

Fact<InvocationIndex> ProcessReader::ReadInvocation(int directory, const Process& process) {
  if (!MayBeInteractive(process, snapshot_)) return Missing(ErrorCode::kNotRead);
  bool truncated = false;  // The shape of a command is in its first kilobytes.
  const auto text = buffer_.ReadUpTo(directory, "cmdline", truncated);
  if (!text) return std::unexpected(text.error());
  return invocations_.Find(*text, [&](std::string_view arguments) -> Fact<InvocationIndex> {
    const auto parsed = ParseInvocation(arguments, snapshot_.strings);
    if (!parsed) return std::unexpected(parsed.error());
    return tables_.Keep(*parsed);
  });
}

void ProcessReader::ReadSharedTables(ProcessDirectory& directory, const Process& process,
                                     const Namespaces* then) {
  const auto was_in = [&](NamespaceKind kind, NamespaceInode inode) {
    return recall_ != nullptr && then != nullptr && (*then)[kind] == inode;
  };
  const Namespaces& now = process.leader.namespaces;
  if (const auto inode = now[NamespaceKind::kMnt]) {
    ReadMounts(directory, process.pid, *inode, was_in(NamespaceKind::kMnt, *inode));
  }
  if (const auto inode = now[NamespaceKind::kUser]) {
    ReadIdMaps(directory, *inode, was_in(NamespaceKind::kUser, *inode));
  }
}

bool ProcessReader::IsBelow(const ProcessRoot& root, const MountNamespace& row) {
  return root.mount_id != 0 && !row.rootless_table && Lists(*row.mounts, root.mount_id);
}

std::optional<ProcessRoot> ProcessReader::ReadRoot(int directory) {
  // The link itself: nothing is looked up below it, and no server is asked.
  const auto status = roots_.plain ? CopiedStatus(directory, "root.statx", buffer_)
                                   : StatusOf(directory, "root", Follow::kYes);
  if (!status) return std::nullopt;
  return ProcessRoot{.device = status->device,
                     .inode = status->inode,
                     .mount_id = status->has_mount_id ? status->mount_id : 0};
}

void ProcessReader::ReadMounts(ProcessDirectory& lazy, Pid pid, NamespaceInode inode, bool was_in) {
  // Tables that could not be read, or that show another part of the namespace than the one kept.
  constexpr std::uint8_t kMostUseless = 8;
  // The host's own table was read before any process.
  if (snapshot_.host.mounts && snapshot_.mount_namespaces.front().inode == inode) return;
  const auto [at, is_new] = mount_tables_.try_emplace(
      std::to_underlying(inode), MountTableState{.row = snapshot_.mount_namespaces.size()});
  if (is_new) snapshot_.mount_namespaces.push_back({.inode = inode});
  MountTableState& state = at->second;
  MountNamespace& row = snapshot_.mount_namespaces[state.row];
  if (is_new && was_in) recall_->TakeMounts(state, row);
  if (was_in && state.taken_over) return;
  const auto opened = lazy.Open();
  if (!opened) {
    if (!row.mounts) row.mounts = std::unexpected(opened.error());
    return;
  }
  const int directory = *opened;
  const auto root = ReadRoot(directory);
  if (row.mounts && (!root || state.root == root || IsBelow(*root, row))) return;
  if (state.useless == kMostUseless) {
    row.rootless_table = true;
    return;
  }
  // Before the table is read: a change after it is told. Not through a newcomer: a container that
  // is being set up may still have to part with mounts.
  const bool watched = was_in && !row.mounts;
  auto watch = watched ? recall_->mounts().Open(directory, pid, inode) : KeptMounts::Watch{};
  if (AddMounts(directory, root, state, row) && watched) {
    recall_->mounts().Keep(inode, std::move(watch));
  }
}

bool ProcessReader::AddMounts(int directory, const std::optional<ProcessRoot>& root,
                              MountTableState& state, MountNamespace& row) {
  auto table = ReadMountTable(directory);
  if (!table) {
    if (!row.mounts) row.mounts = std::unexpected(table.error());
    const bool gone = table.error().code == ErrorCode::kVanished ||
                      table.error().code == ErrorCode::kUnsupported;  // EINVAL: it is a zombie.
    if (!gone) ++state.useless;
    return false;
  }
  // setns(2) or chroot(2) meanwhile: what was read may be another's. Some other process will tell.
  if (!IsIn(directory, NamespaceKind::kMnt, row.inode) || root != ReadRoot(directory)) return false;
  Merge(std::move(*table), root, state, row);
  return true;
}

bool ProcessReader::IsIn(int directory, NamespaceKind kind, NamespaceInode inode) {
  const auto path = "ns/" + std::string(kNamespaceNames[std::to_underlying(kind)]);
  const auto link = buffer_.ReadLink(directory, path.c_str());
  return link && ParseNamespaceLink(*link, kind) == inode;
}

Fact<ParsedMounts> ProcessReader::ReadMountTable(int directory) {
  bool truncated = false;
  const auto text = buffer_.ReadUpTo(directory, "mountinfo", truncated);
  if (!text) return std::unexpected(text.error());
  // A cut file ends in the middle of a line, which is no line.
  const auto whole_lines = truncated ? text->substr(0, text->rfind('\n') + 1) : *text;
  auto parsed = ParseMountinfo(whole_lines, snapshot_.strings, options_.most_mounts);
  if (parsed) parsed->truncated = parsed->truncated || truncated;
  return parsed;
}

void ProcessReader::Merge(ParsedMounts table, const std::optional<ProcessRoot>& root,
                          MountTableState& state, MountNamespace& row) {
  const bool first = !row.mounts.has_value();
  const bool above =
      first || (table.mounts.size() > row.mounts->size() && Shows(table.mounts, *row.mounts));
  // Neither shows all that the other does: both are chroots, and the whole is nobody's.
  if (!above && !Shows(*row.mounts, table.mounts)) state.split = true;
  if (above) {
    state.root = root;
    state.split = false;
    row.truncated = table.truncated;
    row.mounts = std::move(table.mounts);
    row.mounts->shrink_to_fit();
  } else {
    ++state.useless;
  }
  row.rootless_table = state.split || !state.root || !HasRoot(*row.mounts, snapshot_.strings);
}

UserNamespace& ProcessReader::UserRow(NamespaceInode inode, bool was_in) {
  const auto [at, is_new] =
      user_tables_.try_emplace(std::to_underlying(inode), snapshot_.user_namespaces.size());
  if (is_new) snapshot_.user_namespaces.push_back({.inode = inode});
  UserNamespace& row = snapshot_.user_namespaces[at->second];
  if (is_new && was_in) recall_->TakeIdMaps(row);
  return row;
}

void ProcessReader::TakeIdMaps(NamespaceInode inode, IdMap uids, IdMap gids) {
  UserNamespace& row = UserRow(inode, false);
  if (IsWanted(row.uid_map)) row.uid_map = std::move(uids);
  if (IsWanted(row.gid_map)) row.gid_map = std::move(gids);
}

void ProcessReader::ReadIdMaps(ProcessDirectory& directory, NamespaceInode inode, bool was_in) {
  UserNamespace& row = UserRow(inode, was_in);
  if (!IsWanted(row.uid_map) && !IsWanted(row.gid_map)) return;
  const auto opened = directory.Open();
  const auto read = [&](const char* path) -> Fact<IdMap> {
    if (!opened) return std::unexpected(opened.error());
    const auto text = buffer_.Read(*opened, path);
    return text ? ParseIdMap(*text) : std::unexpected(text.error());
  };
  auto uids = read("uid_map");
  auto gids = read("gid_map");
  if (opened && !IsIn(*opened, NamespaceKind::kUser, inode)) return;
  if (IsWanted(row.uid_map)) row.uid_map = std::move(uids);
  if (IsWanted(row.gid_map)) row.gid_map = std::move(gids);
}

}  // namespace hullmark
