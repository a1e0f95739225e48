// SPDX-License-Identifier: Apache-2.0
#include "checks/host_directories.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "checks/mount_findings.h"
#include "checks/mount_paths.h"
#include "checks/verdicts.h"
#include "hullmark/check.h"
#include "hullmark/facts.h"
#include "hullmark/glob.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

// Both tables and what they say of the two roots.
struct Tables {
  MountTable own, host;
  const Mount* own_root = nullptr;
  Place host_root;  // "/" of the host; with btrfs or ostree not the root of its file system.
};

enum class TableSide : std::uint8_t { kOwn, kHost };
struct TableFault {
  TableSide side;
  Fault fault;
};

std::expected<Tables, TableFault> TablesOf(const ContainerView& view) {
  const Snapshot& snapshot = view.snapshot;
  const auto missing = [](TableSide side, Fault fault) {
    return std::unexpected(TableFault{.side = side, .fault = fault});
  };
  const Fact<MountTable> own = MountsOf(snapshot, view.container.mounts);
  if (!own) return missing(TableSide::kOwn, own.error());
  const Fact<MountTable> host = MountsOf(snapshot, snapshot.host.mounts);
  if (!host) return missing(TableSide::kHost, host.error());
  const Mount* const root = view.host_mounts.Covering("/");
  if (root == nullptr) return missing(TableSide::kHost, Fault{ErrorCode::kMalformed});
  return Tables{.own = *own,
                .host = *host,
                .own_root = CoveringMount(snapshot, own->mounts, "/"),
                .host_root = PlaceOf(snapshot, *root)};
}

Verdict UnknownTables(const ContainerView& view, EvidenceOut out, const TableFault& missing) {
  if (missing.side == TableSide::kOwn) return UnknownMounts(view, out, missing.fault);
  return Unknown(out, kHostMountinfo, missing.fault);
}

bool ShowsHostRoot(const Snapshot& snapshot, const Tables& tables, const Mount& mount) {
  return Holds(PlaceOf(snapshot, mount), tables.host_root);
}

// Services and sandboxes run on the host's root by design: what they see of it is no mount of
// theirs. A container has no business there.
bool LivesOnHost(const ContainerView& view, const Tables& tables) {
  const ContainerClass kind = view.container.container_class;
  if (kind != ContainerClass::kService && kind != ContainerClass::kSandbox) return false;
  return tables.own_root != nullptr && ShowsHostRoot(view.snapshot, tables, *tables.own_root);
}

constexpr std::string_view kLivesOnHost = "runs on the host's root file system";

}  // namespace

// ---- FS-002 ----

Verdict NoHostRoot(const ContainerView& view, const Params& params, EvidenceOut out) {
  const Snapshot& snapshot = view.snapshot;
  const auto tables = TablesOf(view);
  if (!tables) return UnknownTables(view, out, tables.error());
  if (LivesOnHost(view, *tables)) return NotApplicable(kLivesOnHost);
  MountFindings findings(view, out);
  for (const Mount& mount : tables->own.mounts) {
    if (!ShowsHostRoot(snapshot, *tables, mount)) continue;
    std::optional<Price> price;
    if (ReadOnly(mount)) price = PriceOf(Severity::kHigh, params.Integer(0));
    findings.Fail(price, [&] {
      return Cut(snapshot.Text(mount.mount_point)) + " (" + std::string(AccessOf(mount)) +
             ") is the host's root";
    });
  }
  return findings.Finish(tables->own, Pass());
}

// ---- FS-003 ----

namespace {

constexpr std::size_t kPaths = 0;
constexpr std::size_t kRuntimeGenerated = 1;
constexpr std::size_t kAllow = 2;
constexpr std::size_t kSmall = 3;
constexpr std::size_t kReadOnlyWeight = 4;
constexpr std::size_t kSmallWeight = 5;

// File systems of which a namespace has one: in the host's namespace the host's is the right one,
// and that the namespace is shared is another control's matter.
struct OwnedType {
  std::string_view type;
  NamespaceKind owner;
};
constexpr std::array<OwnedType, 3> kOwnedTypes = {
    OwnedType{"proc", NamespaceKind::kPid},
    OwnedType{"sysfs", NamespaceKind::kNet},
    OwnedType{"mqueue", NamespaceKind::kIpc},
};

bool MatchesOneOf(std::string_view path, const std::vector<Glob>& globs) {
  return std::ranges::any_of(globs, [&](const Glob& glob) { return glob.Matches(path); });
}

// Judges the mounts of one container one by one.
class HostDirectories {
 public:
  HostDirectories(const ContainerView& view, const Tables& tables, const Params& params,
                  MountFindings& findings)
      : view_(view),
        snapshot_(view.snapshot),
        tables_(tables),
        params_(params),
        findings_(findings) {
    for (const Mount& mount : tables.own.mounts) {
      if (ShowsHostRoot(snapshot_, tables, mount)) exposed_roots_.push_back(&mount);
    }
  }

  void Judge(const Mount& mount) {
    if (view_.host_mounts.Of(mount.device).empty() || IsOwnRoot(mount) || IsRuntimesOwn(mount))
      return;
    if (IsKnownSocket(mount)) return;
    const std::optional<std::string> path = SensitivePath(mount);
    if (!path) return;
    if (const auto owner = OwnerOf(mount, *path)) {
      const Fact<bool> shared = InitSharesWithHost(view_, *owner);
      if (!shared) return findings_.Unknown(LinkOf(*owner), shared.error());
      if (*shared) return;
    }
    const std::optional<Price> price = PriceOfPath(*path, mount);
    if (LiesBelowExposedRoot(mount)) return findings_.FailSilently(price);
    findings_.Fail(price, [&] {
      return Cut(snapshot_.Text(mount.mount_point)) + " (" + std::string(AccessOf(mount)) +
             ") is the host's " + Cut(*path);
    });
  }

 private:
  // The container's root mount and binds of parts of it: bundles and vfs layers lie below paths
  // that count as sensitive.
  [[nodiscard]] bool IsOwnRoot(const Mount& mount) const {
    const Mount* const root = tables_.own_root;
    if (root == nullptr || ShowsHostRoot(snapshot_, tables_, *root)) return false;
    return snapshot_.Text(mount.mount_point) == "/" ||
           Holds(PlaceOf(snapshot_, *root), PlaceOf(snapshot_, mount));
  }

  // Cgroups have one file system for all (FS-004 and FS-007 judge them); a console of the monitor's
  // terminal is what lxc gives; a bind whose source is gone shows nothing of the host's tree.
  [[nodiscard]] bool IsRuntimesOwn(const Mount& mount) const {
    const auto type = snapshot_.Text(mount.type);
    if (type == "cgroup" || type == "cgroup2" || type == "nsfs") return true;
    if (type == "devpts" && snapshot_.Text(mount.mount_point) == "/dev/console") return true;
    return mount.flags.root_deleted;
  }

  // A socket that was looked for is bound, and nothing else of its directory: FS-001 and FS-011
  // judge who may be reached through it.
  [[nodiscard]] bool IsKnownSocket(const Mount& mount) const {
    const Place shown = PlaceOf(snapshot_, mount);
    return std::ranges::any_of(snapshot_.host.paths, [&](const HostPath& path) {
      return path.socket && path.device == shown.device && path.root == shown.path;
    });
  }

  [[nodiscard]] std::optional<NamespaceKind> OwnerOf(const Mount& mount,
                                                     std::string_view path) const {
    if (path == "/dev/shm") return NamespaceKind::kIpc;
    const auto found = std::ranges::find(kOwnedTypes, snapshot_.Text(mount.type), &OwnedType::type);
    if (found == kOwnedTypes.end()) return std::nullopt;
    return found->owner;
  }

  // The host's path of `mount`, if it is one that should not be here. The host may show the same
  // place more than once; an exception counts only where it sees at least as much of the file
  // system as the path that offends: the kubelet binds parts of any host path below its own.
  [[nodiscard]] std::optional<std::string> SensitivePath(const Mount& mount) const {
    std::optional<std::string> sensitive;
    const Mount* offending = nullptr;
    auto widest = std::string_view::npos;
    ForEachSight(mount, [&](const Mount& on_host, std::size_t width, bool) {
      if (width >= widest) return;
      std::string path = PathOnHost(on_host, mount);
      if (!IsListed(path) || IsExcepted(path)) return;
      widest = width;
      offending = &on_host;
      sensitive = std::move(path);
    });
    if (!sensitive) return std::nullopt;  // As of nearly all: no pattern was looked at.
    bool excepted = false;
    ForEachSight(mount, [&](const Mount& on_host, std::size_t width, bool whole) {
      excepted = excepted || (&on_host != offending && whole && width <= widest &&
                              IsExcepted(PathOnHost(on_host, mount)));
    });
    if (excepted) return std::nullopt;
    return sensitive;
  }

  // The host's mounts that show what `mount` does, how much of the file system each is seen
  // through (the less, the more) and whether it shows the whole of it.
  template <typename Visit>
  void ForEachSight(const Mount& mount, Visit visit) const {
    const auto root = snapshot_.Text(mount.root);
    for (const Mount* const each : view_.host_mounts.Of(mount.device)) {
      const auto seen = snapshot_.Text(each->root);
      const bool whole = Covers(seen, root);
      if (!whole && !Covers(root, seen)) continue;
      visit(*each, std::min(seen.size(), root.size()), whole);
    }
  }

  // Where the host shows what `mount` does through one of its own; where it shows only a part of
  // it, that part.
  [[nodiscard]] std::string PathOnHost(const Mount& on_host, const Mount& mount) const {
    const Window window = WindowOf(snapshot_, on_host);
    const auto root = snapshot_.Text(mount.root);
    return Covers(window.root, root) ? Rebase(root, window) : std::string(window.mount_point);
  }

  [[nodiscard]] bool IsExcepted(std::string_view path) const {
    return MatchesOneOf(path, params_.Globs(kAllow)) ||
           MatchesOneOf(path, params_.Globs(kRuntimeGenerated));
  }

  [[nodiscard]] bool IsListed(std::string_view path) const {
    return std::ranges::any_of(params_.Strings(kPaths), [&](const std::string& listed) {
      return Covers(listed, path) || Covers(path, listed);
    });
  }

  [[nodiscard]] std::optional<Price> PriceOfPath(std::string_view path, const Mount& mount) const {
    const bool small = std::ranges::any_of(params_.MountRules(kSmall), [&](const MountRule& rule) {
      return rule.path.Matches(path) && (!rule.read_only || ReadOnly(mount));
    });
    if (small) return PriceOf(Severity::kLow, params_.Integer(kSmallWeight));
    if (ReadOnly(mount)) return PriceOf(Severity::kMedium, params_.Integer(kReadOnlyWeight));
    return std::nullopt;
  }

  // The host's own mounts come along with its root: that mount is the finding, not these.
  [[nodiscard]] bool LiesBelowExposedRoot(const Mount& mount) const {
    const auto mount_point = snapshot_.Text(mount.mount_point);
    return std::ranges::any_of(exposed_roots_, [&](const Mount* root) {
      return root != &mount && Covers(snapshot_.Text(root->mount_point), mount_point);
    });
  }

  const ContainerView& view_;
  const Snapshot& snapshot_;
  const Tables& tables_;
  const Params& params_;
  MountFindings& findings_;
  std::vector<const Mount*> exposed_roots_;
};

}  // namespace

Verdict NoSensitiveHostDirectories(const ContainerView& view, const Params& params,
                                   EvidenceOut out) {
  const auto tables = TablesOf(view);
  if (!tables) return UnknownTables(view, out, tables.error());
  if (LivesOnHost(view, *tables)) return NotApplicable(kLivesOnHost);
  MountFindings findings(view, out);
  HostDirectories directories(view, *tables, params, findings);
  for (const Mount& mount : tables->own.mounts) directories.Judge(mount);
  if (!tables->host.complete) findings.Unknown(kHostMountinfo, Fault{ErrorCode::kTruncated});
  return findings.Finish(tables->own, Pass());
}

}  // namespace hullmark
