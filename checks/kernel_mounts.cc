// SPDX-License-Identifier: Apache-2.0
#include "checks/kernel_mounts.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "checks/mount_findings.h"
#include "checks/mount_paths.h"
#include "checks/verdicts.h"
#include "hullmark/caps.h"
#include "hullmark/check.h"
#include "hullmark/facts.h"
#include "hullmark/glob.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

bool IsOneOf(std::string_view text, const std::vector<std::string>& texts) {
  return std::ranges::find(texts, text) != texts.end();
}

bool IsCgroup(std::string_view type) { return type == "cgroup" || type == "cgroup2"; }

bool HasProc(const Snapshot& snapshot, const MountTable& table) {
  return std::ranges::any_of(table.mounts,
                             [&](const Mount& each) { return snapshot.Text(each.type) == "proc"; });
}

constexpr std::string_view kNoProc = "the container has no procfs";

// ---- FS-004 ----

constexpr std::size_t kDenyTypes = 0;
constexpr std::size_t kReadOnlyWeight = 1;

// Judges the mounts of one container one by one.
class KernelFilesystems {
 public:
  KernelFilesystems(const ContainerView& view, const MountTable& table, const Params& params,
                    MountFindings& findings)
      : view_(view),
        snapshot_(view.snapshot),
        table_(table),
        params_(params),
        findings_(findings),
        host_(MountsOf(snapshot_, snapshot_.host.mounts)) {}

  void Judge(const Mount& mount) {
    const auto type = snapshot_.Text(mount.type);
    if (type == "proc") {
      JudgeProc(mount);
    } else if (IsCgroup(type)) {
      JudgeCgroup(mount);
    } else if (IsOneOf(type, params_.Strings(kDenyTypes))) {
      Fail(mount, "a kernel-internal file system");
    }
  }

 private:
  void Fail(const Mount& mount, std::string_view what) {
    if (Buried(view_, table_, mount)) return;
    std::optional<Price> price;
    if (ReadOnly(mount)) price = PriceOf(Severity::kHigh, params_.Integer(kReadOnlyWeight));
    findings_.Fail(price, [&] {
      return Cut(snapshot_.Text(mount.mount_point)) + " (" +
             std::string(snapshot_.Text(mount.type)) + ", " + std::string(AccessOf(mount)) +
             ") is " + std::string(what);
    });
  }

  [[nodiscard]] bool IsHostsProc(const Mount& mount) const {
    return std::ranges::any_of(view_.host_mounts.Of(mount.device), [&](const Mount* each) {
      return snapshot_.Text(each->type) == "proc";
    });
  }

  // A procfs belongs to a pid namespace: in the host's own, its procfs is the right one.
  void JudgeProc(const Mount& mount) {
    if (!host_) return findings_.Unknown(kHostMountinfo, host_.error());
    if (IsHostsProc(mount)) {
      const Fact<bool> shared = InitSharesWithHost(view_, NamespaceKind::kPid);
      if (!shared) return findings_.Unknown(LinkOf(NamespaceKind::kPid), shared.error());
      // GPU runtimes show the cards' entries of the host read-only.
      const bool driver = ReadOnly(mount) && Covers("/driver", snapshot_.Text(mount.root));
      if (!*shared && !driver) return Fail(mount, "the procfs of the host");
    }
    // A piece of procfs somewhere else: what a mask or device is replaced with when a runtime loses
    // a race against the container (CVE-2025-31133).
    if (snapshot_.Text(mount.root) != "/" && !ReadOnly(mount) && !LiesInPlace(mount)) {
      Fail(mount, "a writable piece of procfs, out of its place");
    }
  }

  // Bound onto itself, as runtimes do to change the options of a part of /proc.
  [[nodiscard]] bool LiesInPlace(const Mount& mount) const {
    const Window here = WindowOf(snapshot_, mount);
    return std::ranges::any_of(table_.mounts, [&](const Mount& base) {
      const Window whole = WindowOf(snapshot_, base);
      return base.device == mount.device && base.id != mount.id && Covers(whole.root, here.root) &&
             Rebase(here.root, whole) == here.mount_point;
    });
  }

  // The root of a hierarchy shows every cgroup of the host. With the host's cgroup namespace a
  // read-only one is what runtimes mount: NS-007 judges that.
  void JudgeCgroup(const Mount& mount) {
    if (snapshot_.Text(mount.root) != "/") return;
    if (!snapshot_.vantage.whole_cgroup_view) {
      return findings_.Unknown(kMountinfo, Fault{ErrorCode::kVantage});
    }
    if (ReadOnly(mount)) {
      const Fact<bool> shared = InitSharesWithHost(view_, NamespaceKind::kCgroup);
      if (!shared) return findings_.Unknown(LinkOf(NamespaceKind::kCgroup), shared.error());
      if (*shared) return;
    }
    Fail(mount, "the root of the host's cgroups");
  }

  const ContainerView& view_;
  const Snapshot& snapshot_;
  const MountTable& table_;
  const Params& params_;
  MountFindings& findings_;
  Fact<MountTable> host_;
};

}  // namespace

Verdict NoHostKernelFilesystems(const ContainerView& view, const Params& params, EvidenceOut out) {
  const Fact<MountTable> table = MountsOf(view.snapshot, view.container.mounts);
  if (!table) return UnknownMounts(view, out, table.error());
  MountFindings findings(view, out);
  KernelFilesystems filesystems(view, *table, params, findings);
  for (const Mount& mount : table->mounts) filesystems.Judge(mount);
  return findings.Finish(*table, Pass());
}

// ---- FS-005 ----

namespace {

constexpr std::size_t kRequired = 0;
constexpr std::size_t kRecommended = 1;
constexpr std::size_t kRecommendedWeight = 2;

bool MatchesOneOf(std::string_view path, const std::vector<Glob>& globs) {
  return std::ranges::any_of(globs, [&](const Glob& glob) { return glob.Matches(path); });
}

// A directory is masked by an empty read-only tmpfs, of its own or, by newer versions of
// crun, one of the host's for all containers; a file by the null device, out of the container's
// /dev or, with a user namespace, out of the host's.
bool IsMask(const Snapshot& snapshot, const Mount& mount) {
  const auto type = snapshot.Text(mount.type);
  const auto root = snapshot.Text(mount.root);
  const bool null = root == "/null" && (type == "tmpfs" || type == "devtmpfs");
  const bool empty = root == "/" || root.ends_with("/crun/.empty-directory");
  return null || (type == "tmpfs" && ReadOnly(mount) && empty);
}

bool IsExposed(const Snapshot& snapshot, const MountTable& table, std::string_view path) {
  const Mount* const mount = CoveringMount(snapshot, table.mounts, path);
  if (mount == nullptr) return false;
  if (snapshot.Text(mount->mount_point) == path) return !IsMask(snapshot, *mount);
  const auto type = snapshot.Text(mount->type);
  return type == "proc" || type == "sysfs";
}

}  // namespace

Verdict KernelFilesMasked(const ContainerView& view, const Params& params, EvidenceOut out) {
  const Fact<MountTable> table = MountsOf(view.snapshot, view.container.mounts);
  if (!table) return UnknownMounts(view, out, table.error());
  MountFindings findings(view, out);
  if (!HasProc(view.snapshot, *table)) return findings.Finish(*table, NotApplicable(kNoProc));
  const auto& present = view.snapshot.host.masked_paths_present;
  if (!present) return Unknown(out, "/proc", present.error());
  Verdict otherwise = NotApplicable("the host has none of these files");
  for (const std::string& path : *present) {
    const bool required = MatchesOneOf(path, params.Globs(kRequired));
    if (!required && !MatchesOneOf(path, params.Globs(kRecommended))) continue;
    otherwise = Pass();
    if (!IsExposed(view.snapshot, *table, path)) continue;
    std::optional<Price> price;
    if (!required) price = PriceOf(Severity::kLow, params.Integer(kRecommendedWeight));
    findings.Fail(price, [&] { return path + " is not masked"; });
  }
  return findings.Finish(*table, otherwise);
}

// ---- FS-006 ----

namespace {

constexpr std::size_t kPaths = 0;
constexpr std::size_t kUsernsWeight = 1;

// A part below a read-only path may be writable again. lxc does that for the settings of the
// network, which belong to the container's own namespace.
bool IsOwnNetwork(const ContainerView& view, const Mount& mount) {
  const Fact<bool> shared = InitSharesWithHost(view, NamespaceKind::kNet);
  return shared && !*shared && Covers("/sys/net", view.snapshot.Text(mount.root));
}

// The writable mount of procfs at `path` or below it; nullptr: there is none.
const Mount* WritableProcAt(const ContainerView& view, const MountTable& table,
                            std::string_view path) {
  const Snapshot& snapshot = view.snapshot;
  const auto writable = [&](const Mount& mount) {
    return snapshot.Text(mount.type) == "proc" && !ReadOnly(mount);
  };
  const Mount* const top = CoveringMount(snapshot, table.mounts, path);
  if (top != nullptr && writable(*top)) return top;
  for (const Mount& mount : table.mounts) {
    const auto mount_point = snapshot.Text(mount.mount_point);
    if (mount_point == path || !Covers(path, mount_point) || !writable(mount)) continue;
    if (!Buried(view, table, mount) && !IsOwnNetwork(view, mount)) return &mount;
  }
  return nullptr;
}

}  // namespace

Verdict KernelTunablesReadOnly(const ContainerView& view, const Params& params, EvidenceOut out) {
  const Fact<MountTable> table = MountsOf(view.snapshot, view.container.mounts);
  if (!table) return UnknownMounts(view, out, table.error());
  MountFindings findings(view, out);
  if (!HasProc(view.snapshot, *table)) return findings.Finish(*table, NotApplicable(kNoProc));
  const auto& present = view.snapshot.host.masked_paths_present;
  if (!present) return Unknown(out, "/proc", present.error());
  std::optional<Price> price;
  const Fact<bool> initial = InitSharesWithHost(view, NamespaceKind::kUser);
  if (initial && !*initial) price = PriceOf(Severity::kMedium, params.Integer(kUsernsWeight));
  bool any = false;
  for (const std::string& path : params.Strings(kPaths)) {
    if (!IsOneOf(path, *present)) continue;
    any = true;
    const Mount* const writable = WritableProcAt(view, *table, path);
    if (writable == nullptr) continue;
    findings.Fail(price, [&] {
      return path + " is writable by the mount at " +
             Cut(view.snapshot.Text(writable->mount_point));
    });
  }
  if (!any) return Unknown(out, "/proc", "nobody looked which of these paths the host has");
  return findings.Finish(*table, Pass());
}

// ---- FS-007 ----

namespace {

// Whether a process could make read-only mounts writable. In a user namespace of its own it cannot:
// there the kernel locks the flags of mounts that came from outside.
// A permitted capability is one capset(2) away from an effective one.
Verdict TaskCannotRemount(const Snapshot& snapshot, const Task& task, EvidenceOut out) {
  const Fact<ProcStatus>& status = task.status;
  if (status && !(status->effective | status->permitted).Has(Cap::kSysAdmin)) return Pass();
  const Fact<bool> initial = InInitialUserNamespace(snapshot, task);
  if (initial && !*initial) return Pass();
  if (!status) return Unknown(out, "status", status.error());
  if (!initial) return Unknown(out, LinkOf(NamespaceKind::kUser), initial.error());
  return Fail(out, "status", [&] {
    const std::string line = status->effective.Has(Cap::kSysAdmin) ? "CapEff" : "CapPrm";
    return line + " has CAP_SYS_ADMIN: read-only mounts can be remounted";
  });
}

Verdict CannotRemount(const Snapshot& snapshot, ProcessIndex at, EvidenceOut out) {
  const Process& process = snapshot.At(at);
  const Task* worst = &process.leader;
  Outcome outcome = TaskCannotRemount(snapshot, *worst, nullptr).outcome;
  for (const Thread& thread : RecordedThreads(snapshot, at)) {
    const Outcome of_thread = TaskCannotRemount(snapshot, thread.task, nullptr).outcome;
    if (of_thread <= outcome) continue;
    outcome = of_thread;
    worst = &thread.task;
  }
  if (outcome == Outcome::kPass && process.threads_unread > 0) {
    return Unknown(out, "task", Fault{ErrorCode::kNotRead});
  }
  return TaskCannotRemount(snapshot, *worst, out);
}

Verdict NobodyRemounts(const ContainerView& view, EvidenceOut out) {
  const Snapshot& snapshot = view.snapshot;
  std::optional<ProcessIndex> worst;
  Outcome outcome = Outcome::kPass;
  for (const Member& member : view.container.members) {
    const Verdict verdict = CannotRemount(snapshot, member.process, nullptr);
    if (worst && verdict.outcome <= outcome) continue;
    worst = member.process;
    outcome = verdict.outcome;
  }
  if (!worst) return Unknown(out, "", "the container has no processes");
  const Verdict verdict = CannotRemount(snapshot, *worst, out);
  if (out != nullptr && outcome != Outcome::kPass) out->back().pid = snapshot.At(*worst).pid;
  return verdict;
}

// A writable cgroup2 in cgroup and user namespaces of its own is a delegated subtree: systemd in a
// container needs one.
bool IsDelegated(const ContainerView& view) {
  const Fact<bool> user = InitSharesWithHost(view, NamespaceKind::kUser);
  const Fact<bool> cgroup = InitSharesWithHost(view, NamespaceKind::kCgroup);
  return user && !*user && cgroup && !*cgroup;
}

Verdict SysMountsReadOnly(const ContainerView& view, const Params& params, EvidenceOut out) {
  const Snapshot& snapshot = view.snapshot;
  const Fact<MountTable> table = MountsOf(snapshot, view.container.mounts);
  if (!table) return UnknownMounts(view, out, table.error());
  MountFindings findings(view, out);
  for (const Mount& mount : table->mounts) {
    const auto type = snapshot.Text(mount.type);
    if ((type != "sysfs" && !IsCgroup(type)) || ReadOnly(mount)) continue;
    std::optional<Price> price;
    if (type == "cgroup2" && IsDelegated(view)) {
      price = PriceOf(Severity::kLow, params.Integer(0));
    }
    findings.Fail(price, [&] {
      return Cut(snapshot.Text(mount.mount_point)) + " (" + std::string(type) + ") is writable";
    });
  }
  return findings.Finish(*table, Pass());
}

}  // namespace

// Judged without proof first: only the worse part leaves any.
Verdict SysAndCgroupReadOnly(const ContainerView& view, const Params& params, EvidenceOut out) {
  const Verdict mounted = SysMountsReadOnly(view, params, nullptr);
  const Verdict remounted = NobodyRemounts(view, nullptr);
  if (remounted.outcome > mounted.outcome) return NobodyRemounts(view, out);
  return SysMountsReadOnly(view, params, out);
}

}  // namespace hullmark
