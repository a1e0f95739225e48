// SPDX-License-Identifier: Apache-2.0
#include "agent/collect/host_places.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/base/covers.h"
#include "agent/base/file.h"
#include "agent/collect/host_look.h"
#include "agent/parse/cut.h"
#include "agent/parse/mountinfo.h"
#include "hullmark/facts.h"
#include "hullmark/glob.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

constexpr int kMostLinks = 40;  // As the kernel, see path_resolution(7).
constexpr std::size_t kMostNames = 10'000;
constexpr std::size_t kMostPaths = 4'096;
constexpr std::chrono::milliseconds kDeadline{250};
constexpr int kMostHangs = 3;  // Each leaves a thread behind in the kernel.

// File systems behind which a server answers, or not: a look could hang for ever.
constexpr auto kServed = std::to_array<std::string_view>(
    {"9p", "afs", "autofs", "ceph", "cifs", "fuse", "nfs", "smb", "virtiofs"});

bool IsServed(std::string_view type) {
  return std::ranges::any_of(kServed, [type](std::string_view s) { return type.starts_with(s); });
}

// The path inside the file system of what lies at `path`, which `mount` covers: "/a/b" on a mount
// of "/x" at "/a" is "/x/b".
std::string PathInside(const Snapshot& snapshot, const Mount& mount, std::string_view path) {
  const auto root = snapshot.Text(mount.root);
  const auto point = snapshot.Text(mount.mount_point);
  const auto rest = path.substr(point == "/" ? 0 : point.size());
  if (rest.empty() || rest == "/") return std::string(root);
  return std::string(root == "/" ? "" : root).append(rest);
}

// The first component of `path`, which loses it and its slash.
std::string CutComponent(std::string& path) {
  const auto end = std::min(path.find('/'), path.size());
  auto component = path.substr(0, end);
  path.erase(0, end + 1);
  return component;
}

// "/a" and "b" are "/a/b"; ".." leads to the directory above.
std::string Joined(const std::string& directory, const std::string& component) {
  if (component == "..") return directory.substr(0, std::max<std::size_t>(1, directory.rfind('/')));
  return (directory == "/" ? "" : directory) + "/" + component;
}

bool IsPattern(std::string_view component) {
  return component.find_first_of("*?{") != std::string_view::npos;
}

// Our "/" is the host's when it is pid 1's, or when we share its mount namespace, or, where neither
// may be asked, when it is the very mount that pid 1 has there: mounts of all namespaces are
// numbered together. A chroot below that mount has no "/" in its table.
bool SeesHostRoot(HostLook& look, std::span<const Mount> mounts) {
  if (look.roots.plain) return true;
  const auto own = StatusOf(look.roots.host.get(), ".", Follow::kNo);
  const auto init = StatusOf(look.roots.proc.get(), "1/root", Follow::kYes);
  if (own && init) return own->device == init->device && own->inode == init->inode;
  if (look.IsHosts(NamespaceKind::kMnt)) return true;
  if (!own || !own->has_mount_id) return false;
  const auto holds_root = [&](std::span<const Mount> table) {
    return std::ranges::any_of(table, [&](const Mount& mount) {
      return mount.id == own->mount_id && look.snapshot.Text(mount.mount_point) == "/";
    });
  };
  const auto ours = look.Read(look.roots.proc, "self/mountinfo", [&](std::string_view text) {
    return ParseMountinfo(text, look.snapshot.strings, look.options.most_mounts);
  });
  return ours && holds_root(ours->mounts) && holds_root(mounts);
}

}  // namespace

Fact<HostPlaces> HostPlaces::Open(HostLook& look) {
  const Host& host = look.snapshot.host;
  if (!host.mounts) return std::unexpected(host.mounts.error());
  const auto& mounts = look.snapshot.At(*host.mounts).mounts;
  if (!mounts) return std::unexpected(mounts.error());
  if (!look.roots.host || !SeesHostRoot(look, *mounts)) return Missing(ErrorCode::kVantage);
  return HostPlaces(look, *mounts);
}

// The longest mount point wins, and of equal ones the last: it lies on top.
const Mount* HostPlaces::MountOf(const std::string& path) const {
  const Mount* best = nullptr;
  std::size_t longest = 0;
  for (const Mount& mount : mounts_) {
    const auto point = look_.snapshot.Text(mount.mount_point);
    if (!Covers(point, path) || point.size() < longest) continue;
    longest = point.size();
    best = &mount;
  }
  return best;
}

Fact<HostPlaces::Entry> HostPlaces::Step(const std::string& path) {
  const auto known = seen_.find(path);
  return known != seen_.end() ? known->second : seen_.emplace(path, Look(path)).first->second;
}

Fact<HostPlaces::Entry> HostPlaces::Look(const std::string& path) {
  const Mount* const mount = MountOf(path);
  if (mount == nullptr || IsServed(look_.snapshot.Text(mount->type))) {
    return Missing(ErrorCode::kUnsupported);
  }
  // A server may have come to answer for it since the mount table was read.
  if (hangs_ == kMostHangs) return Missing(ErrorCode::kIo, ETIMEDOUT);
  auto entry = LookUntrusted(look_.roots.host.get(), path, kDeadline);
  if (entry) {
    return Entry{.path = path, .status = entry->status, .target = std::move(entry->target)};
  }
  if (entry.error().error_number == ETIMEDOUT) ++hangs_;
  if (entry.error().error_number == ENOTDIR) return Missing(ErrorCode::kNotFound, ENOTDIR);
  return std::unexpected(entry.error());
}

Fact<std::string> HostPlaces::TargetOf(const Entry& link) {
  if (link.status.uid != Uid{0}) return Missing(ErrorCode::kUnsupported);
  return link.target;
}

Fact<HostPlaces::Entry> HostPlaces::Walk(std::string_view path) {
  int links = 0;
  auto at = Step("/");
  std::string ahead(path);
  while (at && !ahead.empty()) {
    const auto component = CutComponent(ahead);
    if (component.empty() || component == ".") continue;
    auto next = Step(Joined(at->path, component));
    if (!next || !S_ISLNK(next->status.mode)) {
      at = std::move(next);
      continue;
    }
    const auto target = ++links > kMostLinks ? Missing(ErrorCode::kIo, ELOOP) : TargetOf(*next);
    if (!target) return std::unexpected(target.error());
    ahead.insert(0, *target + "/");
    if (target->starts_with('/')) at = Step("/");
  }
  return at;
}

Fact<HostPlaces::Found> HostPlaces::Find(std::string_view path) {
  const auto found = Walk(path);
  if (!found) return std::unexpected(found.error());
  const Mount* mount = MountOf(found->path);
  const FileStatus& status = found->status;
  if (status.has_mount_id && !look_.roots.plain) {
    // Exact where our mounts are the host's; it sees through mounts that others have covered.
    const auto same = std::ranges::find(mounts_, status.mount_id, &Mount::id);
    if (same != mounts_.end() && Covers(look_.snapshot.Text(same->mount_point), found->path)) {
      mount = &*same;
    }
  }
  if (mount == nullptr) return Missing(ErrorCode::kNotFound);
  constexpr std::uint32_t kPermissions = 07777;
  HostPath here{.path = std::string(path),
                .device = mount->device,
                .root = PathInside(look_.snapshot, *mount, found->path),
                .socket = S_ISSOCK(status.mode),
                .mode = status.mode & kPermissions,
                .uid = status.uid,
                .gid = status.gid};
  return Found{.path = std::move(here), .directory = S_ISDIR(status.mode)};
}

std::vector<std::string> HostPlaces::NamesIn(const std::string& path, bool& complete) {
  const auto directory = Walk(path);
  if (directory && hangs_ == kMostHangs) {
    complete = false;
    return {};
  }
  const auto names =
      directory ? ListUntrusted(look_.roots.host.get(), directory->path, kMostNames, kDeadline)
                : std::unexpected(directory.error());
  if (names) return *names;
  if (directory && names.error().error_number == ETIMEDOUT) ++hangs_;
  const bool no_directory = names.error().error_number == ENOTDIR;
  complete = complete && (no_directory || names.error().code == ErrorCode::kNotFound);
  return {};
}

void HostPlaces::ExpandComponent(std::string_view component, std::vector<std::string>& paths,
                                 bool& complete) {
  std::vector<std::string> longer;
  const Glob glob(component);
  for (const std::string& path : paths) {
    const auto names = IsPattern(component) ? NamesIn(path, complete)
                                            : std::vector<std::string>{std::string(component)};
    for (const std::string& name : names) {
      if (!IsPattern(component) || glob.Matches(name)) longer.push_back(Joined(path, name));
    }
  }
  if (longer.size() > kMostPaths) {
    longer.resize(kMostPaths);
    complete = false;
  }
  paths = std::move(longer);
}

std::vector<std::string> HostPlaces::Expand(std::string_view pattern, bool& complete) {
  if (!pattern.starts_with('/') || pattern.contains("**")) {
    complete = false;
    return {};
  }
  std::vector<std::string> paths = {"/"};
  while (!pattern.empty()) {
    const auto component = Cut(pattern, '/');
    // Braces around a slash would be cut in two.
    if (std::ranges::count(component, '{') != std::ranges::count(component, '}')) {
      complete = false;
      return {};
    }
    if (!component.empty()) ExpandComponent(component, paths, complete);
  }
  return paths;
}

}  // namespace hullmark
