// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <expected>
#include <optional>
#include <utility>
#include <vector>

#include "hullmark/caps.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"

namespace hullmark {

// What kernel files say. One struct per file; a file is one Fact of a record.

enum class SeccompMode : std::uint8_t { kOff = 0, kStrict = 1, kFilter = 2 };

// The four ids of a process: real, effective, saved, file system.
template <typename Id>
struct IdQuadruple {
  Id real{}, effective{}, saved{}, fs{};

  friend constexpr bool operator==(const IdQuadruple&, const IdQuadruple&) = default;
};

// /proc/PID/status, see proc_pid_status(5). Lines that older kernels lack are optional: absent does
// not mean off.
struct ProcStatus {
  CapSet inheritable{}, permitted{}, effective{}, bounding{};
  std::optional<CapSet> ambient{};  // Since 4.3.
  IdQuadruple<Uid> uid;
  IdQuadruple<Gid> gid;
  GroupListIndex groups{};
  std::int32_t innermost_pid = 0;  // Last number of NSpid; 1 is the init of its pid namespace.
  std::uint32_t threads = 0;       // 0 for a zombie.
  std::uint8_t pid_depth = 0;  // Numbers in NSpid; 1 in the reader's namespace; 0: no line (<4.1).
  std::optional<bool> no_new_privs{};              // Since 4.10.
  std::optional<SeccompMode> seccomp{};            // Absent without CONFIG_SECCOMP.
  std::optional<std::uint16_t> seccomp_filters{};  // Since 5.9; saturates.
  std::optional<bool> kernel_thread{};             // Kthread, since about 6.10.

  friend bool operator==(const ProcStatus&, const ProcStatus&) = default;
};

// /proc/PID/stat, see proc_pid_stat(5).
struct ProcStat {
  BootTicks start{};        // Field 22; never changes during a life, exec included.
  std::int32_t parent = 0;  // Field 4; 0 when the parent is outside the reader's pid namespace.
  std::uint32_t tty = 0;    // Field 7; 0: no controlling terminal.
  std::uint32_t flags = 0;  // Field 9, PF_*.
  char state = '?';         // Field 3.

  static constexpr std::uint32_t kKernelThread = 0x00200000;  // PF_KTHREAD
  static constexpr std::uint32_t kIoWorker = 0x00000010;      // PF_IO_WORKER

  friend bool operator==(const ProcStat&, const ProcStat&) = default;
};

// The links below /proc/PID/ns, see namespaces(7). Each is a fact of its own: a zombie keeps some.
class Namespaces {
 public:
  constexpr Fact<NamespaceInode> operator[](NamespaceKind kind) const {
    const auto at = std::to_underlying(kind);
    if ((failed_ >> at & 1) == 0) return NamespaceInode{words_[at]};
    return std::unexpected(Fault{static_cast<ErrorCode>(words_[at] >> 16),
                                 static_cast<std::uint16_t>(words_[at] & 0xffff)});
  }
  constexpr void Set(NamespaceKind kind, Fact<NamespaceInode> fact) {
    const auto at = std::to_underlying(kind);
    const auto bit = static_cast<std::uint8_t>(1U << at);
    if (fact) {
      words_[at] = std::to_underlying(*fact);
      failed_ = static_cast<std::uint8_t>(failed_ & ~bit);
    } else {
      words_[at] =
          std::uint32_t{std::to_underlying(fact.error().code)} << 16 | fact.error().error_number;
      failed_ = static_cast<std::uint8_t>(failed_ | bit);
    }
  }

  friend constexpr bool operator==(const Namespaces&, const Namespaces&) = default;

 private:
  static constexpr std::uint32_t kUnread = std::uint32_t{std::to_underlying(ErrorCode::kNotRead)}
                                           << 16;
  std::array<std::uint32_t, kNamespaceKinds> words_ = {kUnread, kUnread, kUnread, kUnread,
                                                       kUnread, kUnread, kUnread, kUnread};
  std::uint8_t failed_ = 0xff;
};

// A line of /proc/PID/uid_map or gid_map: ids [inside, inside+count) are [outside, outside+count)
// in the reader's user namespace, see user_namespaces(7).
struct IdExtent {
  std::uint32_t inside = 0, outside = 0, count = 0;

  friend constexpr bool operator==(const IdExtent&, const IdExtent&) = default;
};
using IdMap = std::vector<IdExtent>;  // Empty: no map was ever written.

// The id inside a namespace of id `outside` in the reader's; nullopt where it has none.
std::optional<std::uint32_t> InsideId(const IdMap& map, std::uint32_t outside);

// Resource limits of /proc/PID/limits, see getrlimit(2); nullopt is unlimited.
struct Rlimit {
  std::optional<std::uint64_t> soft{}, hard{};

  friend constexpr bool operator==(const Rlimit&, const Rlimit&) = default;
};
struct Rlimits {
  Rlimit nofile, nproc, core, memlock;

  friend constexpr bool operator==(const Rlimits&, const Rlimits&) = default;
};

// Per-mount options (field 6 of mountinfo) and what else a verdict asks of a mount.
struct MountFlags {
  bool read_only : 1 = false;  // Field 6: what counts.
  bool no_suid : 1 = false;
  bool no_dev : 1 = false;
  bool super_read_only : 1 = false;  // After the dash.
  bool root_deleted : 1 = false;     // The root field ended with //deleted.

  friend constexpr bool operator==(const MountFlags&, const MountFlags&) = default;
};

// A line of /proc/PID/mountinfo, see proc_pid_mountinfo(5). Octal escapes are undone.
struct Mount {
  std::uint32_t id = 0, parent = 0;  // Mount ids, as statx(2) gives them in stx_mnt_id.
  DeviceNumber device{};
  StringId root{};         // Path inside the file system, without a //deleted suffix.
  StringId mount_point{};  // Path below the reader's root, or the process' own root.
  StringId type{};         // File system type: "ext4", "proc".
  StringId source{};
  StringId upper_dir{};  // overlay: upperdir= of the super options, a path on the host; else "".
  std::uint32_t shared = 0;  // Peer group of shared:N; 0: not shared (the kernel counts from 1).
  std::uint32_t master = 0;  // master:N; 0: none.
  MountFlags flags;
};

// The kinds of object behind a standard descriptor.
enum class DescriptorKind : std::uint8_t {
  kClosed,
  kTerminal,
  kPipe,
  kSocket,
  kNull,
  kFile,
  kOther
};

// /proc/PID/fd/{0,1,2}: what they are; for a socket its inode, so that "all the same" can be said.
struct Stdio {
  std::array<DescriptorKind, 3> kind = {};
  std::array<std::uint64_t, 3> socket = {};

  friend constexpr bool operator==(const Stdio&, const Stdio&) = default;
};

// How a program was called, from /proc/PID/cmdline: the shape of its arguments, never their text.
struct Invocation {
  StringId program{};           // Base name of argv[0], at most 64 bytes; chosen by the process.
  bool command_option = false;  // -c
  bool interactive_option = false;  // -i
  bool operand = false;             // An argument that is no option: a script, for a shell.

  friend constexpr bool operator==(const Invocation&, const Invocation&) = default;
};

}  // namespace hullmark
