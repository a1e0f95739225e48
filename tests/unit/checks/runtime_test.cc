// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "checks/table.h"
#include "hullmark/caps.h"
#include "hullmark/check.h"
#include "hullmark/facts.h"
#include "hullmark/ids.h"
#include "hullmark/limits.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"
#include "tests/unit/checks/builder.h"
#include "tests/unit/checks/limit_scene.h"
#include "tests/unit/checks/mount_scene.h"
#include "tests/unit/checks/say.h"

namespace hullmark::testing {
namespace {

struct Case {
  std::string_view name;
  void (*bend)(LimitScene&);
  std::string_view expected;
};

template <std::size_t Size>
void ExpectVerdicts(std::string_view id, const Case (&cases)[Size], const Params& params,
                    void (*prepare)(LimitScene&)) {
  for (const Case& each : cases) {
    LimitScene scene;
    prepare(scene);
    each.bend(scene);
    EXPECT_EQ(Say(Judge(RuntimeChecks(), id, scene, params)), each.expected)
        << id << ": " << each.name;
  }
}

// ---- RUN-001 ----

// As --privileged leaves it on version 2: with a program that allows every device.
void MakePrivileged(LimitScene& scene) {
  scene.status().bounding = CapSet::UpTo(40);
  scene.status().seccomp = SeccompMode::kOff;
  scene.limits().device_programs.value = 1U;
  scene.Unmount("/proc/sys");
  scene.At("/sys").flags.read_only = false;
}

constexpr Case kPrivilegedCases[] = {
    {"privileged", [](LimitScene&) {}, "fail"},
    {"in a user namespace of its own", [](LimitScene& scene) { scene.UseMaps({}, {}); },
     "fail medium/5"},
    {"by an engine whose list stops at AUDIT_READ",
     [](LimitScene& scene) { scene.status().bounding = CapSet::UpTo(37); }, "fail"},
    {"on a host that lacks a capability",
     [](LimitScene& scene) {
       scene.snapshot.host.bounding = CapSet::UpTo(40) - CapSet{Cap::kSysResource};
       scene.status().bounding = CapSet::UpTo(37) - CapSet{Cap::kSysResource};
     },
     "fail"},
    {"but for one capability",
     [](LimitScene& scene) {
       scene.status().bounding = CapSet::UpTo(40) - CapSet{Cap::kSysModule};
     },
     "pass"},
    {"all capabilities behind a filter",
     [](LimitScene& scene) { scene.status().seccomp = SeccompMode::kFilter; }, "pass"},
    {"everything else closed",
     [](LimitScene& scene) {
       scene.At("/proc").flags.read_only = true;
       scene.At("/sys").flags.read_only = true;
     },
     "pass"},
    {"only devices open",
     [](LimitScene& scene) {
       scene.At("/proc").flags.read_only = true;
       scene.At("/sys").flags.read_only = true;
       scene.limits().device_programs.value = 0U;
     },
     "fail"},
    {"devices unread, the rest decides",
     [](LimitScene& scene) {
       scene.limits().device_programs.value = Missing(ErrorCode::kDenied, 1);
     },
     "fail"},
    {"devices unread, and they would decide",
     [](LimitScene& scene) {
       scene.At("/proc").flags.read_only = true;
       scene.At("/sys").flags.read_only = true;
       scene.limits().device_programs.value = Missing(ErrorCode::kDenied, 1);
     },
     "unknown"},
    {"no Seccomp line",
     [](LimitScene& scene) {
       scene.status().seccomp.reset();
       scene.snapshot.host.seccomp_filter_available = Missing(ErrorCode::kNotRead);
     },
     "unknown"},
    {"no seccomp in the kernel",
     [](LimitScene& scene) {
       scene.status().seccomp.reset();
       scene.snapshot.host.seccomp_filter_available = false;
     },
     "fail"},
    {"unreadable", [](LimitScene& scene) { scene.task().status = Missing(ErrorCode::kDenied, 13); },
     "unknown"},
    {"no init", [](LimitScene& scene) { scene.container().init.reset(); }, "unknown"},
};

TEST(NotPrivileged, KnowsItByTheFactsThatItLeaves) {
  ExpectVerdicts("RUN-001", kPrivilegedCases, Of({true}), MakePrivileged);
}

TEST(NotPrivileged, MayAskForEveryCapability) {
  LimitScene scene;
  MakePrivileged(scene);
  scene.snapshot.host.bounding = CapSet::UpTo(40) - CapSet{Cap::kSysResource};
  scene.status().bounding = *scene.snapshot.host.bounding;
  EXPECT_EQ(Say(Judge(RuntimeChecks(), "RUN-001", scene, Of({false}))), "pass");
}

// ---- RUN-002 ----

// A file, and the name that a process was called by.
struct Program {
  std::string_view path, called;
};

void Execute(LimitScene& scene, const Program& program) {
  Snapshot& snapshot = scene.snapshot;
  snapshot.executables.assign(1, {});
  snapshot.executables[0].path = snapshot.strings.Intern(program.path);
  snapshot.executables[0].links = 1;
  snapshot.executables[0].mount_id = scene.At("/").id;
  snapshot.executables[0].device = kRootfs;
  scene.process().executable = ExecutableIndex{0};
  snapshot.invocations.assign(1, {});
  snapshot.invocations[0].program = snapshot.strings.Intern(program.called);
  scene.process().invocation = InvocationIndex{0};
}

void UseStdio(LimitScene& scene, DescriptorKind kind, std::uint64_t socket = 0) {
  scene.snapshot.stdios.assign(1, {.kind = {kind, kind, kind}, .socket = {socket, socket, socket}});
  scene.process().stdio = StdioIndex{0};
}

void RunShell(LimitScene& scene) {
  Execute(scene, {"/bin/bash", "bash"});
  UseStdio(scene, DescriptorKind::kTerminal);
}

constexpr Case kShellCases[] = {
    {"a shell on a terminal", [](LimitScene&) {}, "fail"},
    {"a shell with a controlling terminal and input from elsewhere",
     [](LimitScene& scene) {
       UseStdio(scene, DescriptorKind::kPipe);
       scene.process().stat.tty = 0x8800;
     },
     "fail"},
    {"a shell without a terminal",
     [](LimitScene& scene) { UseStdio(scene, DescriptorKind::kPipe); }, "pass"},
    {"a server on a terminal",
     [](LimitScene& scene) { Execute(scene, {"/usr/sbin/nginx", "nginx"}); }, "pass"},
    {"a program that calls itself a shell",
     [](LimitScene& scene) { Execute(scene, {"/usr/bin/python3", "bash"}); }, "pass"},
    {"a shell that calls itself a server",
     [](LimitScene& scene) { Execute(scene, {"/bin/bash", "nginx"}); }, "fail"},
    {"a script on a terminal",
     [](LimitScene& scene) { scene.snapshot.invocations[0].operand = true; }, "pass"},
    {"a command on a terminal",
     [](LimitScene& scene) { scene.snapshot.invocations[0].command_option = true; }, "pass"},
    {"a command, and then a prompt",
     [](LimitScene& scene) {
       scene.snapshot.invocations[0].command_option = true;
       scene.snapshot.invocations[0].interactive_option = true;
     },
     "fail"},
    {"busybox as a login shell", [](LimitScene& scene) { Execute(scene, {"/bin/busybox", "-sh"}); },
     "fail"},
    {"busybox by the path of its link",
     [](LimitScene& scene) { Execute(scene, {"/bin/busybox", "/bin/ash"}); }, "fail"},
    {"busybox as something else",
     [](LimitScene& scene) { Execute(scene, {"/bin/busybox", "sleep"}); }, "pass"},
    {"busybox by its own name",
     [](LimitScene& scene) { Execute(scene, {"/bin/busybox", "busybox"}); }, "unknown"},
    {"busybox with an unreadable command line",
     [](LimitScene& scene) {
       Execute(scene, {"/bin/busybox", "sh"});
       scene.process().invocation = Missing(ErrorCode::kDenied, 13);
     },
     "unknown"},
    {"a deleted shell",
     [](LimitScene& scene) {
       Execute(scene, {"/bin/bash (deleted)", "bash"});
       scene.snapshot.executables[0].links = 0;
     },
     "fail"},
    {"a file whose name ends like that",
     [](LimitScene& scene) { Execute(scene, {"/bin/bash (deleted)", "bash"}); }, "pass"},
    {"a shell on a socket",
     [](LimitScene& scene) {
       UseStdio(scene, DescriptorKind::kSocket, 77);
       scene.snapshot.invocations[0].command_option = true;
     },
     "fail high/35"},
    {"a shell on three sockets",
     [](LimitScene& scene) {
       UseStdio(scene, DescriptorKind::kSocket, 77);
       scene.snapshot.stdios[0].socket[2] = 78;
     },
     "pass"},
    {"unreadable descriptors",
     [](LimitScene& scene) { scene.process().stdio = Missing(ErrorCode::kDenied, 13); }, "unknown"},
    {"a terminal, and an unreadable command line",
     [](LimitScene& scene) { scene.process().invocation = Missing(ErrorCode::kDenied, 13); },
     "unknown"},
    {"an unreadable executable",
     [](LimitScene& scene) { scene.process().executable = Missing(ErrorCode::kDenied, 13); },
     "unknown"},
};

TEST(NoInteractiveShell, GoesByTheFileAndTheTerminal) {
  ExpectVerdicts("RUN-002", kShellCases,
                 Of({Strings({"sh", "bash", "ash", "busybox"}), std::int64_t{35}}), RunShell);
}

TEST(NoInteractiveShell, NamesTheSocket) {
  LimitScene scene;
  RunShell(scene);
  UseStdio(scene, DescriptorKind::kSocket, 77);
  EXPECT_EQ(Proof(RuntimeChecks(), "RUN-002", scene, Of({Strings({"bash"}), std::int64_t{35}})),
            std::vector<std::string>{"fd/0: bash has socket:[77] as input, output and error"});
}

// ---- RUN-004 ----

TEST(ExecutableOnDisk, CountsLinksAndNotNames) {
  const auto judge = [](std::string_view path, std::optional<std::uint32_t> links) {
    LimitScene scene;
    Execute(scene, {path, "x"});
    scene.snapshot.executables[0].links = links;
    return Say(Judge(RuntimeChecks(), "RUN-004", scene));
  };
  EXPECT_EQ(judge("/bin/x", 1), "pass");
  EXPECT_EQ(judge("/bin/x (deleted)", 1), "pass");
  EXPECT_EQ(judge("/bin/x (deleted)", 0), "fail");
  EXPECT_EQ(judge("/bin/x (deleted)", std::nullopt), "unknown");
  const LimitScene scene;
  EXPECT_EQ(Say(Judge(RuntimeChecks(), "RUN-004", scene)), "unknown");
}

// ---- RUN-005 ----

void RunServer(LimitScene& scene) { Execute(scene, {"/srv/server", "server"}); }

// The id of the host's root mount.
std::uint32_t HostMount(LimitScene& scene) { return scene.OfHost().mounts->front().id; }

constexpr std::uint32_t kNoMount = 9999;

// A program of anonymous memory: memfd_create(2).
void RunFromMemory(LimitScene& scene) {
  Executable& executable = scene.snapshot.executables[0];
  executable.path = scene.snapshot.strings.Intern("/memfd:x (deleted)");
  executable.links = 0;
  executable.device = {0, 1};
  executable.mount_id = kNoMount;
}

constexpr Case kAnonymousCases[] = {
    {"a file of the container", [](LimitScene&) {}, "pass"},
    {"a program in memory", RunFromMemory, "fail"},
    {"a program in memory that entered from outside",
     [](LimitScene& scene) {
       RunFromMemory(scene);
       scene.member().joined = true;
     },
     "fail"},
    {"a deleted file of the container",
     [](LimitScene& scene) { scene.snapshot.executables[0].links = 0; }, "pass"},
    {"a file whose name looks like memory",
     [](LimitScene& scene) {
       scene.snapshot.executables[0].path = scene.snapshot.strings.Intern("/memfd:x (deleted)");
     },
     "pass"},
    {"a file of the host that the init brought along",
     [](LimitScene& scene) { scene.snapshot.executables[0].mount_id = HostMount(scene); }, "pass"},
    {"a file of a mount that is nowhere",
     [](LimitScene& scene) { scene.snapshot.executables[0].mount_id = kNoMount; }, "fail"},
    {"an old kernel, a file of the container",
     [](LimitScene& scene) { scene.snapshot.executables[0].mount_id.reset(); }, "pass"},
    {"an old kernel, a program in memory",
     [](LimitScene& scene) {
       RunFromMemory(scene);
       scene.snapshot.executables[0].mount_id.reset();
     },
     "fail"},
    {"an old kernel, a file on btrfs, whose devices differ",
     [](LimitScene& scene) {
       scene.snapshot.executables[0].mount_id.reset();
       scene.snapshot.executables[0].device = {0, 77};
     },
     "unknown"},
    {"a copied tree, which has the link alone",
     [](LimitScene& scene) {
       scene.snapshot.executables[0] = {.path = scene.snapshot.executables[0].path};
     },
     "unknown"},
    {"a table that was cut off",
     [](LimitScene& scene) {
       RunFromMemory(scene);
       scene.Own().truncated = true;
     },
     "unknown"},
    {"unreadable mounts",
     [](LimitScene& scene) { scene.Own().mounts = Missing(ErrorCode::kDenied, 13); }, "unknown"},
    {"an unreadable executable",
     [](LimitScene& scene) { scene.process().executable = Missing(ErrorCode::kDenied, 13); },
     "unknown"},
};

TEST(ExecutableFromMount, GoesByTheMountOfTheFile) {
  ExpectVerdicts("RUN-005", kAnonymousCases, {}, RunServer);
}

// A file of the host, executed by a process that began inside: a descriptor has leaked.
TEST(ExecutableFromMount, LetsOnlyThoseFromOutsideBringAFileOfTheHost) {
  LimitScene scene;
  RunServer(scene);
  scene.snapshot.executables[0].mount_id = HostMount(scene);
  const std::size_t child = scene.AddProcess();
  scene.process(0).stat.start = BootTicks{100};
  scene.process(child).stat.start = BootTicks{101};
  const auto judge = [&] {
    return Say(Judge(RuntimeChecks(), "RUN-005", scene, {}, nullptr, child));
  };
  EXPECT_EQ(judge(), "fail");
  scene.member(1).joined = true;
  EXPECT_EQ(judge(), "pass");
  scene.member(1).joined = false;
  scene.process(child).stat.start = BootTicks{99};  // It made the namespaces, as unshare does.
  EXPECT_EQ(judge(), "pass");
}

// A sandbox inside the container has mounts of its own.
TEST(ExecutableFromMount, LooksAtTheProcessOwnTableFirst) {
  LimitScene scene;
  RunServer(scene);
  scene.snapshot.executables[0].mount_id = kNoMount;
  MountNamespace nested;
  nested.inode = NamespaceInode{4026539999};
  Mount mount;
  mount.id = kNoMount;
  nested.mounts = std::vector<Mount>{mount};
  scene.snapshot.mount_namespaces.push_back(nested);
  EXPECT_EQ(Say(Judge(RuntimeChecks(), "RUN-005", scene)), "fail");
  scene.task().namespaces.Set(NamespaceKind::kMnt, nested.inode);
  EXPECT_EQ(Say(Judge(RuntimeChecks(), "RUN-005", scene)), "pass");
}

}  // namespace
}  // namespace hullmark::testing
