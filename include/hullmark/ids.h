// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace hullmark {

enum class Pid : pid_t {};          // In the reader's pid namespace.
enum class Uid : std::uint32_t {};  // In the reader's user namespace; unmapped ids show as 65534.
enum class Gid : std::uint32_t {};  // As Uid.
enum class BootTicks : std::uint64_t {};  // Clock ticks (100 per second) since boot: stat field 22.

// Nanoseconds since 1970-01-01T00:00:00Z.
enum class Timestamp : std::int64_t {};

// Kinds of namespace in the order in which records and documents list them, see namespaces(7).
enum class NamespaceKind : std::uint8_t { kMnt, kPid, kNet, kIpc, kUts, kUser, kCgroup, kTime };
inline constexpr std::size_t kNamespaceKinds = 8;
inline constexpr std::array<std::string_view, kNamespaceKinds> kNamespaceNames = {
    "mnt", "pid", "net", "ipc", "uts", "user", "cgroup", "time"};  // Names below /proc/PID/ns.

// The number in "net:[4026531833]". All live on one nsfs, so the number alone identifies.
enum class NamespaceInode : std::uint32_t {};

// st_dev of a file system, as mountinfo prints it.
struct DeviceNumber {
  std::uint32_t major = 0;
  std::uint32_t minor = 0;

  friend constexpr auto operator<=>(const DeviceNumber&, const DeviceNumber&) = default;
};

// Indices into the tables of a Snapshot.
enum class StringId : std::uint32_t {};
enum class ProcessIndex : std::uint32_t {};
enum class UserNamespaceIndex : std::uint32_t {};
enum class MountNamespaceIndex : std::uint32_t {};
enum class HierarchyIndex : std::uint32_t {};
enum class CgroupIndex : std::uint32_t {};
enum class MembershipIndex : std::uint32_t {};
enum class ExecutableIndex : std::uint32_t {};
enum class LabelIndex : std::uint32_t {};
enum class RlimitsIndex : std::uint32_t {};
enum class GroupListIndex : std::uint32_t {};
enum class StdioIndex : std::uint32_t {};
enum class InvocationIndex : std::uint32_t {};
enum class SeccompProgramIndex : std::uint32_t {};
enum class SeccompFiltersIndex : std::uint32_t {};
enum class DeviceListIndex : std::uint32_t {};
enum class IoLimitListIndex : std::uint32_t {};

}  // namespace hullmark
