// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "checks/expected_programs.h"
#include "checks/mount_findings.h"
#include "checks/mount_paths.h"
#include "checks/privileged.h"
#include "checks/table.h"
#include "checks/three_valued.h"
#include "checks/verdicts.h"
#include "hullmark/check.h"
#include "hullmark/facts.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

// ---- RUN-001 ----

constexpr ParamSpec kPrivileged[] = {{"ignore_caps_missing_on_host", ParamType::kBool}};

Verdict NotPrivileged(const ContainerView& view, const Params& params, EvidenceOut out) {
  constexpr Price kOwnUserNamespace = {.severity = Severity::kMedium, .weight = 5};
  const Fact<bool> caps = HasAllCaps(view, params.Bool(0));
  const Fact<bool> opened =
      Either(DevicesOpen(view), Either(ProcSysWritable(view), SysWritable(view)));
  const Fact<bool> privileged = Both(Both(caps, SeccompOff(view)), opened);
  if (!privileged) return Unknown(out, "", privileged.error());
  if (!*privileged) return Pass();
  Verdict verdict = Fail(out, "",
                         "all capabilities, no seccomp filter, and devices, /proc/sys or /sys "
                         "open: what --privileged leaves");
  const Fact<bool> initial = InitSharesWithHost(view, NamespaceKind::kUser);
  if (initial && !*initial) verdict.price = kOwnUserNamespace;
  return verdict;
}

// ---- RUN-002 ----

constexpr ParamSpec kShell[] = {
    {"shells", ParamType::kStrings},
    {"reverse_shell_weight", ParamType::kInteger},
};
constexpr std::size_t kShells = 0;
constexpr std::size_t kReverseShellWeight = 1;

const Executable* ExecutableOf(const TaskView& view) {
  const auto& executable = view.process.executable;
  return executable ? &view.snapshot.At(*executable) : nullptr;
}

bool IsMultiCall(std::string_view name) { return name == "busybox" || name == "toybox"; }

const Invocation* InvocationOf(const TaskView& view) {
  const auto& invocation = view.process.invocation;
  if (!invocation) return nullptr;
  return &view.snapshot.invocations[static_cast<std::size_t>(*invocation)];
}

const Stdio* StdioOf(const TaskView& view) {
  const auto& stdio = view.process.stdio;
  return stdio ? &view.snapshot.stdios[static_cast<std::size_t>(*stdio)] : nullptr;
}

// The name that decides: of a multi-call program, the one it was called by. A login shell's begins
// with a dash.
Fact<std::string_view> ProgramName(const TaskView& view, const Executable& executable) {
  const auto name = BaseName(PathOf(view.snapshot, executable));
  if (!IsMultiCall(name)) return name;
  const Invocation* const invocation = InvocationOf(view);
  if (invocation == nullptr) return std::unexpected(view.process.invocation.error());
  auto called = BaseName(view.snapshot.Text(invocation->program));
  if (called.starts_with('-')) called.remove_prefix(1);
  return called;
}

bool IsReverse(const Stdio& stdio) {
  const auto& kind = stdio.kind;
  const auto& socket = stdio.socket;
  return std::ranges::all_of(kind, [](auto each) { return each == DescriptorKind::kSocket; }) &&
         socket[0] != 0 && socket[0] == socket[1] && socket[0] == socket[2];
}

bool OnTerminal(const TaskView& view, const Stdio* stdio) {
  return view.process.stat.tty != 0 ||
         (stdio != nullptr && stdio->kind[0] == DescriptorKind::kTerminal);
}

// Whether the shell on a terminal waits for a person: with no command or script to run. A
// multi-call program by its own name runs an applet that the shape of the call does not tell.
Verdict NotWaiting(const TaskView& view, std::string_view name, EvidenceOut out) {
  const Invocation* const invocation = InvocationOf(view);
  if (invocation == nullptr) return Unknown(out, "cmdline", view.process.invocation.error());
  if (IsMultiCall(name)) return Unknown(out, "cmdline", "runs an applet that is not named");
  const bool has_work = invocation->command_option || invocation->operand;
  if (has_work && !invocation->interactive_option) return Pass();
  return Fail(out, "exe", [&] { return Cut(name) + " on a terminal"; });
}

Verdict ReverseShell(const Params& params, std::string_view name, const Stdio& stdio,
                     EvidenceOut out) {
  Verdict verdict = Fail(out, "fd/0", [&] {
    return Cut(name) + " has socket:[" + std::to_string(stdio.socket[0]) +
           "] as input, output and error";
  });
  verdict.price = PriceOf(Severity::kHigh, params.Integer(kReverseShellWeight));
  return verdict;
}

Verdict NoInteractiveShell(const TaskView& view, const Params& params, EvidenceOut out) {
  const Stdio* const stdio = StdioOf(view);
  const bool reverse = stdio != nullptr && IsReverse(*stdio);
  const bool terminal = OnTerminal(view, stdio);
  // Nobody types at a program without a terminal or a socket, whatever it is called.
  if (stdio != nullptr && !terminal && !reverse) return Pass();
  const Executable* const executable = ExecutableOf(view);
  if (executable == nullptr) return Unknown(out, "exe", view.process.executable.error());
  if (!terminal && !reverse) return Unknown(out, "fd/0", view.process.stdio.error());
  const Fact<std::string_view> name = ProgramName(view, *executable);
  if (!name) return Unknown(out, "cmdline", name.error());
  const auto& shells = params.Strings(kShells);
  if (std::ranges::find(shells, *name) == shells.end()) return Pass();
  return reverse ? ReverseShell(params, *name, *stdio, out) : NotWaiting(view, *name, out);
}

// ---- RUN-004 ----

Verdict ExecutableOnDisk(const TaskView& view, const Params&, EvidenceOut out) {
  const Executable* const executable = ExecutableOf(view);
  if (executable == nullptr) return Unknown(out, "exe", view.process.executable.error());
  if (!executable->links) return Unknown(out, "exe", Fault{ErrorCode::kVantage});
  if (*executable->links != 0) return Pass();
  return Fail(out, "exe",
              [&] { return Cut(view.snapshot.Text(executable->path)) + " has no links left"; });
}

// ---- RUN-005 ----

// The table that a process sees; where its namespace is not known, that of its container's init.
Fact<MountTable> TableOf(const TaskView& view) {
  const Fact<NamespaceInode> inode = view.task.namespaces[NamespaceKind::kMnt];
  const MountNamespace* const own = inode ? FindMountNamespace(view.snapshot, *inode) : nullptr;
  if (!inode) return MountsOf(view.snapshot, view.container.mounts);
  if (own == nullptr) return Missing(ErrorCode::kNotRead);
  const auto index = own - view.snapshot.mount_namespaces.data();
  return MountsOf(view.snapshot, static_cast<MountNamespaceIndex>(index));
}

const Mount* FindMount(const Fact<MountTable>& table, std::uint32_t id) {
  if (!table) return nullptr;
  const auto at = std::ranges::find(table->mounts, id, &Mount::id);
  return at == table->mounts.end() ? nullptr : &*at;
}

bool HasMount(const Fact<MountTable>& table, std::uint32_t id) {
  return FindMount(table, id) != nullptr;
}

// Whoever enters from outside brings a program of the host along, and so does whoever makes the
// container: its init and what is older than that.
bool MayBringItsProgram(const TaskView& view) { return view.member.joined || PrecedesInit(view); }

// Whether the program lies on a mount of the host's and on none of the container's.
bool IsBroughtAlong(const TaskView& view, const Executable& executable, std::uint32_t id) {
  return executable.links != 0 && MayBringItsProgram(view) && !HasMount(TableOf(view), id) &&
         !HasMount(MountsOf(view.snapshot, view.container.mounts), id) &&
         HasMount(MountsOf(view.snapshot, view.snapshot.host.mounts), id);
}

Verdict FailAnonymous(const TaskView& view, const Executable& executable, EvidenceOut out) {
  return Fail(out, "exe", [&] {
    return Cut(view.snapshot.Text(executable.path)) + " lies on no mount of the container";
  });
}

Verdict ByMountId(const TaskView& view, const Executable& executable, std::uint32_t id,
                  EvidenceOut out) {
  const Fact<MountTable> table = TableOf(view);
  if (!table) return Unknown(out, "mountinfo", table.error());
  if (HasMount(table, id)) return Pass();
  if (HasMount(MountsOf(view.snapshot, view.container.mounts), id)) return Pass();
  if (!table->complete) return Unknown(out, "mountinfo", Fault{ErrorCode::kTruncated});
  if (IsBroughtAlong(view, executable, id)) {
    return Pass("a program of the host that entered the container");
  }
  return FailAnonymous(view, executable, out);
}

// Before 5.8 there is no mount id. The device decides less: on btrfs and overlay files have others
// than their mounts.
Verdict ByDevice(const TaskView& view, const Executable& executable, EvidenceOut out) {
  const Fact<MountTable> table = TableOf(view);
  if (!table) return Unknown(out, "mountinfo", table.error());
  if (std::ranges::find(table->mounts, executable.device, &Mount::device) != table->mounts.end()) {
    return Pass();
  }
  if (executable.links == 0 && table->complete) return FailAnonymous(view, executable, out);
  return Unknown(out, "exe", "this kernel does not tell the mount");
}

Verdict ExecutableFromMount(const TaskView& view, const Params&, EvidenceOut out) {
  const Executable* const executable = ExecutableOf(view);
  if (executable == nullptr) return Unknown(out, "exe", view.process.executable.error());
  if (!executable->links) return Unknown(out, "exe", Fault{ErrorCode::kVantage});
  const auto id = executable->mount_id;
  return id ? ByMountId(view, *executable, *id, out) : ByDevice(view, *executable, out);
}

// ---- RUN-003 ----

constexpr ParamSpec kExpected[] = {
    {"learn_seconds", ParamType::kInteger},  // For those who collect: agent/daemon/inspection.cc.
    {"baseline", ParamType::kGlobs},
};
constexpr std::size_t kBaseline = 1;

Verdict ExecutableExpected(const TaskView& view, const Params& params, EvidenceOut out) {
  const auto& baseline = params.Globs(kBaseline);
  const Verdict possible = HasBaseline(view.container, baseline);
  if (possible.outcome != Outcome::kPass) return possible;
  const Executable* const executable = ExecutableOf(view);
  if (executable == nullptr) return Unknown(out, "exe", view.process.executable.error());
  if (executable->mount_id && IsBroughtAlong(view, *executable, *executable->mount_id)) {
    return NotApplicable("a program of the host that entered the container");
  }
  return IsExpected(view, *executable, baseline, out);
}

// ---- RUN-006 ----

constexpr ParamSpec kScratch[] = {{"scratch", ParamType::kStrings}};

// Whether what is written there was hardly part of the image.
bool IsScratch(const Snapshot& snapshot, const Mount& mount, const Params& params) {
  const std::string_view type = snapshot.Text(mount.type);
  if (type == "tmpfs" || type == "ramfs") return true;
  return std::ranges::any_of(params.Strings(0), [&](const std::string& directory) {
    return Covers(directory, snapshot.Text(mount.mount_point));
  });
}

Verdict ExecutableNotFromScratch(const TaskView& view, const Params& params, EvidenceOut out) {
  const Executable* const executable = ExecutableOf(view);
  if (executable == nullptr) return Unknown(out, "exe", view.process.executable.error());
  if (!executable->links) return Unknown(out, "exe", Fault{ErrorCode::kVantage});
  if (!executable->mount_id) return Unknown(out, "exe", "this kernel does not tell the mount");
  const Fact<MountTable> table = TableOf(view);
  if (!table) return Unknown(out, "mountinfo", table.error());
  const Mount* mount = FindMount(table, *executable->mount_id);
  if (mount == nullptr) {
    mount = FindMount(MountsOf(view.snapshot, view.container.mounts), *executable->mount_id);
  }
  if (mount == nullptr && !table->complete) {
    return Unknown(out, "mountinfo", Fault{ErrorCode::kTruncated});
  }
  if (mount == nullptr) return NotApplicable("lies on no mount of the container");
  if (ReadOnly(*mount) || !IsScratch(view.snapshot, *mount, params)) return Pass();
  return Fail(out, "exe", [&] {
    return Cut(view.snapshot.Text(executable->path)) + " lies on the " +
           Cut(view.snapshot.Text(mount->type)) + " at " +
           Cut(view.snapshot.Text(mount->mount_point)) + ", which is writable";
  });
}

constexpr Check kChecks[] = {
    {.id = "RUN-001", .evaluate = NotPrivileged, .params = kPrivileged},
    {.id = "RUN-002", .evaluate = NoInteractiveShell, .params = kShell},
    {.id = "RUN-003", .evaluate = ExecutableExpected, .params = kExpected},
    {.id = "RUN-004", .evaluate = ExecutableOnDisk, .params = {}},
    {.id = "RUN-005", .evaluate = ExecutableFromMount, .params = {}},
    {.id = "RUN-006", .evaluate = ExecutableNotFromScratch, .params = kScratch},
};

}  // namespace

std::span<const Check> RuntimeChecks() { return kChecks; }

}  // namespace hullmark
