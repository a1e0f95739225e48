// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hullmark/caps.h"
#include "hullmark/facts.h"
#include "hullmark/ids.h"
#include "hullmark/limits.h"
#include "hullmark/result.h"
#include "hullmark/seccomp.h"
#include "hullmark/strings.h"
#include "hullmark/syscalls.h"

namespace hullmark {

// What the host is at one moment, and nothing of what we think of it. Records are compact and refer
// to shared tables by index; everything shared is read once however many processes share it.

// ---- shared tables ----

// A user namespace and its maps as the reader sees them, read through one of its processes.
struct UserNamespace {
  NamespaceInode inode{};
  Fact<IdMap> uid_map = Missing(ErrorCode::kNotRead);
  Fact<IdMap> gid_map = Missing(ErrorCode::kNotRead);
};

// A mount namespace and its mount table in file order, read through one of its processes.
struct MountNamespace {
  NamespaceInode inode{};
  Fact<std::vector<Mount>> mounts = Missing(ErrorCode::kNotRead);
  bool rootless_table = false;  // A chroot cut it, or may have: there are mounts that it lacks.
  bool truncated = false;       // More mounts than the reader's cap: what is listed is true.
};

// A mounted cgroup hierarchy as the reader's own mount table shows it.
struct Hierarchy {
  CgroupVersion version = CgroupVersion::kV2;
  StringId name{};               // v1: "memory", "cpu,cpuacct", "name=systemd"; v2: "".
  StringId mount_point{};        // "" when no mount of it was found.
  std::uint8_t controllers = 0;  // Bit per Controller (1 << kMemory ...) that lives here.
  bool whole = true;             // The mount shows the hierarchy's root, not a part of it.
};

// A directory of a hierarchy. Ancestors are in the table too, up to the root.
struct Cgroup {
  HierarchyIndex hierarchy{};
  std::optional<CgroupIndex> parent{};                       // nullopt: the root.
  StringId path{};                                           // "/docker/<id>"
  Fact<std::uint64_t> inode = Missing(ErrorCode::kNotRead);  // Of the directory; v2: the cgroup id.
  bool deleted = false;  // The directory is gone, processes remain.
  std::optional<std::uint32_t> memory{}, cpu{}, pids{}, cpuset{}, io{},
      devices{};  // Into the tables below.
};

// A distinct content of /proc/PID/cgroup: where a process is in each hierarchy.
struct Membership {
  std::vector<CgroupIndex> cgroups{};  // At most one per hierarchy, in order of hierarchy.
  bool outside_view = false;  // A path began with "/..": outside the reader's cgroup namespace.
};

// The file a process executes: readlink and statx(2) of /proc/PID/exe without synchronising. A
// copied tree may have the text of the link alone.
struct Executable {
  StringId path{};  // As readlink gives it; " (deleted)" may belong to the name.
  DeviceNumber device{};
  std::uint64_t inode = 0;
  std::optional<std::uint32_t> links{};     // 0: really deleted.
  std::optional<std::uint32_t> mount_id{};  // stx_mnt_id, since 5.8.

  friend bool operator==(const Executable&, const Executable&) = default;
};

// A security label. `text` is what the file said, less a final newline or NUL.
struct Label {
  enum class Module : std::uint8_t { kAppArmor, kSelinux, kOther };
  Module module = Module::kOther;
  StringId text{};

  friend bool operator==(const Label&, const Label&) = default;
};

// A program of a seccomp filter, as it was installed.
struct SeccompProgram {
  std::vector<std::uint64_t> instructions{};  // See ToNumber.
};

// A bit for each number of a call that the kernel has noted, since 5.11, to be permitted whatever
// the arguments. Past the last call of a kernel bits are set and mean nothing.
using PermittedNumbers = std::vector<std::uint64_t>;

// The filters of a task, which inherits those of its parent and can only add to them.
struct SeccompFilters {
  // The newest first. kUnsupported: the kernel keeps no programs (CONFIG_CHECKPOINT_RESTORE).
  Fact<std::vector<SeccompProgramIndex>> programs = Missing(ErrorCode::kNotRead);
  Fact<PermittedNumbers> permitted = Missing(ErrorCode::kNotRead);  // Of the native architecture.
  Fact<PermittedNumbers> permitted_compat = Missing(ErrorCode::kNotRead);  // Of the 32-bit one.
  // What they answer, made of the above wherever a Snapshot is made; in no document. kMalformed:
  // the kernel's notes are of other programs. kTruncated: it would have taken too long.
  Fact<std::shared_ptr<const FilterRules>> rules = Missing(ErrorCode::kNotRead);
};

// ---- processes ----

// What the kernel keeps per thread.
struct Task {
  Fact<ProcStatus> status = Missing(ErrorCode::kNotRead);
  Namespaces namespaces;
  Fact<LabelIndex> label = Missing(ErrorCode::kNotRead);  // kUnsupported: no LSM labels processes.
  Fact<MembershipIndex> cgroup = Missing(ErrorCode::kNotRead);
  Fact<SeccompFiltersIndex> filters = Missing(ErrorCode::kNotRead);  // Of seccomp mode 2 only.

  friend bool operator==(const Task&, const Task&) = default;
};

// A live process; zombies and kernel threads are counted, not recorded.
struct Process {
  Pid pid{};
  std::uint32_t threads_unread =
      0;        // Threads that exist and were not read: none may pass for them.
  Task leader;  // Of the group leader, or of a live thread where the leader is a zombie.
  ProcStat stat;
  Fact<ExecutableIndex> executable = Missing(ErrorCode::kNotRead);
  Fact<RlimitsIndex> rlimits = Missing(ErrorCode::kNotRead);
  Fact<StdioIndex> stdio = Missing(ErrorCode::kNotRead);
  Fact<InvocationIndex> invocation = Missing(ErrorCode::kNotRead);
  Fact<std::int16_t> oom_score_adj = Missing(ErrorCode::kNotRead);
};
static_assert(sizeof(Process) <= 256, "10,000 of these are scanned every second");

// A thread that differs from its leader; the others say nothing new.
struct Thread {
  ProcessIndex process{};
  Pid tid{};
  Task task;
};

// ---- containers ----

enum class ContainerClass : std::uint8_t { kContainer, kPause, kSandbox, kService, kVm };

enum class Runtime : std::uint8_t {
  kUnknown,
  kDocker,
  kPodman,
  kContainerd,
  kCrio,
  kRunc,
  kCrun,
  kLxc,
  kNspawn,
  kBubblewrap,
  kUnshare,
  kSystemd,
  kRootless,
  kKata,
  kGvisor,
  kBuildkit,
  kNomad,
  kGarden,
  kEcs,
};

enum class Trust : std::uint8_t { kRoot, kUser };  // Who could have written what we read.

// A label, or an annotation of a configuration in the OCI's format.
struct ClaimedLabel {
  StringId key{}, value{};
};

// What a file on disk says of a container. Claims name a container, they never judge it.
struct Claims {
  StringId source{};  // Path of the file.
  Trust trust = Trust::kUser;
  std::optional<Uid> owner{};
  std::vector<ClaimedLabel> labels{};  // Of Snapshot::label_keys those it has, ascending by key.
};

struct KubernetesClaims {
  StringId name_space{}, pod{}, pod_uid{}, container{};
};
struct ComposeClaims {
  StringId project{}, service{};
};

// How a process came to be counted to its container.
struct Member {
  ProcessIndex process{};
  bool joined = false;          // Entered from outside (exec, nsenter): no ancestor inside.
  bool outside_cgroup = false;  // In the container's namespaces, not in its cgroup.
};

// A process that was over before anybody could look: what the kernel told of it while it lived.
// What it did not tell stays kNotRead.
struct EndedProcess {
  Process process{};
  bool joined = false;      // As Member.
  std::uint32_t times = 1;  // So many were alike.
};

// What a container was seen to run while that was taken for its own: see agent/collect/
// learned_programs.h. A single look learns nothing.
struct LearnedPrograms {
  // Ascending by text: paths in the container's view, and bare names of those that nothing but
  // their names was told of.
  std::vector<StringId> programs{};
  std::optional<std::uint32_t> age{};  // Seconds that it had run when learning began; 0: from its
                                       // start. nullopt: not known.
  std::uint32_t seconds = 0;           // How long is learned.
  bool complete = false;               // That time is over.
  bool partial = false;  // It ran more than is listed: beyond the bound, or unreadable.

  friend bool operator==(const LearnedPrograms&, const LearnedPrograms&) = default;
};

struct Container {
  StringId id{};    // Full id as the runtime has it, else one derived from structure.
  StringId name{};  // "" when nothing names it.
  Runtime runtime = Runtime::kUnknown;
  ContainerClass container_class = ContainerClass::kContainer;
  std::optional<Claims> claims{};
  std::optional<StringId> image{};
  std::optional<KubernetesClaims> kubernetes{};
  std::optional<ComposeClaims> compose{};
  std::vector<StringId> notes{};          // Claims that were dropped, and why.
  std::optional<CgroupIndex> cgroup{};    // Its own cgroup; nullopt: it has none of its own.
  std::optional<std::uint32_t> parent{};  // Container it runs inside of (kind, dind).
  std::optional<ProcessIndex> init{};     // nullopt: its init could not be told.
  Fact<MountNamespaceIndex> mounts = Missing(ErrorCode::kNotRead);  // Of its init.
  std::vector<Member> members{};                                    // Ascending by process.
  std::vector<EndedProcess> ended{};  // Since the last look; only where the kernel tells of them.
  std::optional<LearnedPrograms> learned{};
  StringId pod{};  // Equal for containers of one pod; "" outside pods.
  LimitsInForce limits;
  std::uint32_t zombies = 0;
};

// ---- host ----

enum class CgroupLayout : std::uint8_t { kV1, kV2, kHybrid };

enum class ReferenceSource : std::uint8_t { kPid1, kKthreadd, kConstant };

// An initial namespace of the host and how it was told, see docs/architecture.md.
struct ReferenceNamespace {
  NamespaceInode inode{};
  ReferenceSource source = ReferenceSource::kPid1;
};

// A file of /proc/sys by its path below it ("kernel/kptr_restrict"); the value without newline.
struct Sysctl {
  std::string name{};
  Fact<std::string> value = Missing(ErrorCode::kNotRead);
};

// A UNIX socket or directory of the host whose exposure matters, resolved on the host.
struct HostPath {
  std::string path{};      // As found, globs expanded.
  std::string pattern{};   // The list entry that led to it; "" when /proc/net/unix did.
  DeviceNumber device{};   // Of the file system it lies on, as mountinfo names it.
  std::string root{};      // Path inside that file system.
  bool socket = false;     // S_IFSOCK; else a directory.
  std::string daemon{};    // Base name of the daemon found to listen on it, "" where none was.
  std::uint32_t mode = 0;  // Permission bits.
  Uid uid{};
  Gid gid{};
  std::string group{};  // Of gid in the host's /etc/group; "": none, or not told for certain.
};

// A listening TCP socket owned by a daemon that can start containers.
struct RuntimeListener {
  std::string daemon{};  // Base name of its executable, a file of the host.
  Pid pid{};
  std::string address{};  // "127.0.0.1", "::", ...
  std::uint16_t port = 0;
  bool loopback = false;
  std::optional<bool> tls_verify{};  // dockerd: whether its command line or daemon.json asks for
                                     // client certificates; nullopt: cannot be told.
};

struct Host {
  std::string name{};
  std::string kernel{};              // uname -r.
  std::optional<Machine> machine{};  // nullopt: none that we know, or of a copied tree.
  std::string boot_id{};
  // btime of /proc/stat.
  Fact<Timestamp> booted_at = Missing(ErrorCode::kNotRead);
  Fact<CgroupLayout> cgroup_layout = Missing(ErrorCode::kNotRead);  // As mounted.
  std::array<Fact<ReferenceNamespace>, kNamespaceKinds> namespaces = {
      Missing(ErrorCode::kNotRead), Missing(ErrorCode::kNotRead), Missing(ErrorCode::kNotRead),
      Missing(ErrorCode::kNotRead), Missing(ErrorCode::kNotRead), Missing(ErrorCode::kNotRead),
      Missing(ErrorCode::kNotRead), Missing(ErrorCode::kNotRead)};
  std::uint8_t namespace_kinds = 0;  // Bit per NamespaceKind that /proc/self/ns has.
  Fact<MountNamespaceIndex> mounts = Missing(ErrorCode::kNotRead);  // pid 1's, else kthreadd's.
  Fact<int> last_cap = Missing(ErrorCode::kNotRead);
  Fact<CapSet> bounding = Missing(ErrorCode::kNotRead);  // CapBnd of pid 1: all this host can give.
  Fact<std::vector<std::string>> lsm = Missing(ErrorCode::kNotRead);  // securityfs lsm, in order.
  Fact<bool> apparmor_enabled = Missing(ErrorCode::kNotRead);
  Fact<std::uint32_t> apparmor_enforced_profiles = Missing(ErrorCode::kNotRead);
  Fact<bool> selinux_enforcing = Missing(ErrorCode::kNotRead);
  Fact<std::string> lockdown = Missing(ErrorCode::kNotRead);  // The bracketed word.
  Fact<bool> module_signatures_enforced = Missing(ErrorCode::kNotRead);
  Fact<std::string> command_line = Missing(ErrorCode::kNotRead);  // /proc/cmdline, cgroup and
                                                                  // mitigations words only.
  Fact<bool> seccomp_filter_available = Missing(ErrorCode::kNotRead);
  std::array<Fact<bool>, kControllers> controllers = {  // Enabled in this kernel.
      Missing(ErrorCode::kNotRead), Missing(ErrorCode::kNotRead), Missing(ErrorCode::kNotRead),
      Missing(ErrorCode::kNotRead), Missing(ErrorCode::kNotRead), Missing(ErrorCode::kNotRead)};
  std::array<Fact<CgroupVersion>, kControllers> controller_versions = {  // Where each lives.
      Missing(ErrorCode::kNotRead), Missing(ErrorCode::kNotRead), Missing(ErrorCode::kNotRead),
      Missing(ErrorCode::kNotRead), Missing(ErrorCode::kNotRead), Missing(ErrorCode::kNotRead)};
  Fact<std::uint64_t> memory_bytes = Missing(ErrorCode::kNotRead);  // MemTotal.
  Fact<bool> swap_active = Missing(ErrorCode::kNotRead);
  Fact<std::string> cpus_online = Missing(ErrorCode::kNotRead);  // "0-1"
  // Of the paths below /proc and /sys that runtimes mask or make read-only, those this host has.
  Fact<std::vector<std::string>> masked_paths_present = Missing(ErrorCode::kNotRead);
  std::vector<DeviceNumber> disks{};  // Whole block devices of /sys/block.
  std::vector<std::pair<DeviceNumber, std::vector<DeviceNumber>>>
      disk_parents;               // Partition or dm
                                  // device -> the whole disks below it.
  std::vector<Sysctl> sysctls{};  // Sorted by name.
  Fact<HostPath> core_program = Missing(ErrorCode::kNotRead);  // Program of a piped core_pattern.
  std::vector<HostPath> paths{};                               // Sorted by path.
  std::vector<std::string>
      looked_for{};  // Patterns that were resolved: absent here means not asked.
  // That every UNIX socket a runtime listens on was looked at: /proc/net/unix was readable, and so
  // was who runs and holds what.
  Fact<bool> unix_sockets_read = Missing(ErrorCode::kNotRead);
  // '@...' that a runtime listens on. Error: none was found, and there may be some.
  Fact<std::vector<std::string>> abstract_runtime_sockets = Missing(ErrorCode::kNotRead);
  Fact<std::vector<RuntimeListener>> listeners = Missing(ErrorCode::kNotRead);
  std::vector<std::string> runtime_daemons{};  // Base names of daemons found running, sorted.
};

// ---- the observer ----

// A reason why this look sees less than the whole, and what to do about it.
struct VantageProblem {
  std::string id{};      // "pid-namespace", "hidepid", ... for programs.
  std::string text{};    // For people: what is lost.
  std::string remedy{};  // The command or setting that gives more.
};

// Who told of the tasks: the files of /proc, or records that the kernel wrote for us (agent/bpf).
enum class TaskSource : std::uint8_t { kProc, kBpf };

// Where we look from. A problem turns what depends on it into unknown where the facts are made.
struct Vantage {
  Uid uid{};
  CapSet capabilities{};
  bool host_namespaces = false;  // Own pid, user and cgroup namespaces are the initial ones.
  bool initial_pid_namespace = false;
  bool initial_user_namespace = false;
  bool whole_cgroup_view = false;
  bool hidepid = false;
  TaskSource source = TaskSource::kProc;
  std::string source_reason{};  // Why not bpf, where it was wanted; "".
  std::vector<VantageProblem> problems{};
};

// What was met on the way.
struct ScanCounts {
  std::uint32_t listed = 0, vanished = 0, zombies = 0, kernel_threads = 0, unreadable = 0;
  std::uint32_t threads = 0;
  bool processes_truncated = false;  // More processes than the reader's cap.
  std::uint32_t unattributed = 0;    // Live, namespaces unreadable: belong nowhere for certain.
};

struct Snapshot {
  Timestamp taken_at{};
  std::string tool_version{};
  std::vector<std::string> label_keys{};  // Labels that were asked for: of others nothing is known.
  StringTable strings;
  Host host;
  Vantage vantage;
  ScanCounts counts;
  std::vector<Process> processes{};                // Ascending by pid.
  std::vector<Thread> threads{};                   // Ascending by (process, tid).
  std::vector<UserNamespace> user_namespaces{};    // Ascending by inode.
  std::vector<MountNamespace> mount_namespaces{};  // Ascending by inode.
  std::vector<Hierarchy> hierarchies{};
  std::vector<Cgroup> cgroups{};
  std::vector<MemoryFiles> memory_files{};
  std::vector<CpuFiles> cpu_files{};
  std::vector<PidsFiles> pids_files{};
  std::vector<CpusetFiles> cpuset_files{};
  std::vector<IoFiles> io_files{};
  std::vector<DeviceFiles> device_files{};
  std::vector<Membership> memberships{};
  std::vector<Executable> executables{};
  std::vector<Label> labels{};
  std::vector<Rlimits> rlimits{};
  std::vector<std::vector<Gid>> group_lists{};
  std::vector<Stdio> stdios{};
  std::vector<Invocation> invocations{};
  std::vector<SeccompProgram> seccomp_programs{};
  std::vector<SeccompFilters> seccomp_filters{};
  std::vector<std::vector<DeviceRule>> device_lists{};
  std::vector<std::vector<IoLimit>> io_limit_lists{};
  std::vector<Container> containers{};  // Ascending by start of init, then id.

  std::string_view Text(StringId id) const { return strings[id]; }
  const Process& At(ProcessIndex i) const { return processes[static_cast<std::size_t>(i)]; }
  const Cgroup& At(CgroupIndex i) const { return cgroups[static_cast<std::size_t>(i)]; }
  const MountNamespace& At(MountNamespaceIndex i) const {
    return mount_namespaces[static_cast<std::size_t>(i)];
  }
  const Executable& At(ExecutableIndex i) const { return executables[static_cast<std::size_t>(i)]; }
  const SeccompFilters& At(SeccompFiltersIndex i) const {
    return seccomp_filters[static_cast<std::size_t>(i)];
  }
  const Label& At(LabelIndex i) const { return labels[static_cast<std::size_t>(i)]; }
  const Membership& At(MembershipIndex i) const { return memberships[static_cast<std::size_t>(i)]; }
};

// The tables' rows of a process' namespaces, found by inode; nullptr when not in the tables.
const UserNamespace* FindUserNamespace(const Snapshot& snapshot, NamespaceInode inode);
const MountNamespace* FindMountNamespace(const Snapshot& snapshot, NamespaceInode inode);

// The path of a program, without what the kernel adds to that of a file without links.
std::string_view PathOf(const Snapshot& snapshot, const Executable& executable);

// The last part of a path.
std::string_view BaseName(std::string_view path);

// The path of a cgroup's file as the host shows it.
std::string PathOfFile(const Snapshot& snapshot, CgroupIndex cgroup, std::string_view file);

// The threads of a process that the snapshot has records of, which are those that differ from its
// leader.
std::span<const Thread> RecordedThreads(const Snapshot& snapshot, ProcessIndex process);

// Names of enumerators in documents; each pair is exactly inverse.
std::string_view NameOf(Runtime runtime);
std::string_view NameOf(ContainerClass container_class);
std::string_view NameOf(TaskSource source);
std::string_view NameOf(CgroupLayout layout);
std::string_view NameOf(Controller controller);
std::optional<Runtime> RuntimeOfName(std::string_view name);
std::optional<ContainerClass> ContainerClassOfName(std::string_view name);

}  // namespace hullmark
