// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <expected>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "agent/base/file.h"
#include "agent/collect/collect.h"
#include "hullmark/result.h"

namespace hullmark {
namespace {

struct Kinds {
  std::string_view option;
  std::string_view meant;
  std::span<const FileSystemKind> accepted;
};

Result<Fd> OpenRoot(const std::string& path, bool plain, const Kinds& kinds) {
  auto root = OpenDirectory(AT_FDCWD, path.c_str());
  if (!root) {
    return Fail(root.error().code, path + ": " + std::strerror(root.error().error_number) + "; " +
                                       std::string(kinds.option) + " names " +
                                       std::string(kinds.meant));
  }
  if (plain) return std::move(*root);
  const auto kind = FileSystemOf(root->get());
  if (!kind || std::ranges::find(kinds.accepted, *kind) == kinds.accepted.end()) {
    return Fail(ErrorCode::kUnsupported, path + ": this is not " + std::string(kinds.meant) +
                                             "; set " + std::string(kinds.option) +
                                             ", or --plain-roots for a copied tree");
  }
  return std::move(*root);
}

// As a mount table names it: without links, "..", and slashes to spare.
std::string CanonicalOf(const std::string& path) {
  std::error_code error;
  const auto canonical = std::filesystem::canonical(path, error);
  return error ? path : canonical.string();
}

}  // namespace

bool ShowsKernel(const Roots& roots) {
  return StatusOf(roots.proc.get(), "sys/kernel", Follow::kNo).has_value();
}

Result<Roots> OpenRoots(const RootPaths& paths) {
  static constexpr std::array kProcOnly = {FileSystemKind::kProc};
  static constexpr std::array kSysOnly = {FileSystemKind::kSysfs};
  static constexpr std::array kCgroups = {FileSystemKind::kCgroup2, FileSystemKind::kCgroup1,
                                          FileSystemKind::kTmpfs};
  Roots roots;
  roots.plain = paths.plain;
  auto proc = OpenRoot(paths.proc, paths.plain,
                       {.option = "--proc-root", .meant = "a procfs", .accepted = kProcOnly});
  if (!proc) return std::unexpected(std::move(proc.error()));
  roots.proc = std::move(*proc);
  auto sys = OpenRoot(paths.sys, paths.plain,
                      {.option = "--sys-root", .meant = "a sysfs", .accepted = kSysOnly});
  if (!sys) return std::unexpected(std::move(sys.error()));
  roots.sys = std::move(*sys);
  auto cgroup = OpenRoot(
      paths.cgroup, paths.plain,
      {.option = "--cgroup-root", .meant = "a mounted cgroup hierarchy", .accepted = kCgroups});
  if (!cgroup) return std::unexpected(std::move(cgroup.error()));
  roots.cgroup = std::move(*cgroup);
  if (!paths.plain) {
    roots.proc_mount_point = CanonicalOf(paths.proc);
    roots.cgroup_mount_point = CanonicalOf(paths.cgroup);
  }
  // Another host's procfs (mounted into a container of ours) has that host's files behind its
  // pid 1.
  const bool own = CanonicalOf(paths.proc) == "/proc";
  auto host = !paths.host.empty() ? OpenDirectory(AT_FDCWD, paths.host.c_str())
              : own               ? OpenDirectory(AT_FDCWD, "/")
                                  : OpenDirectory(roots.proc.get(), "1/root");
  if (host) roots.host = std::move(*host);
  return roots;
}

}  // namespace hullmark
