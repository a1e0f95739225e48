// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "agent/base/keyed_hash.h"
#include "agent/replay/describe_snapshot.h"
#include "hullmark/caps.h"
#include "hullmark/facts.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"

namespace hullmark {

// Digests of the rows of every table, by index, as far as they are made.
struct RowDigests {
  std::vector<std::uint64_t> strings, executables, labels, rlimits, group_lists, stdios,
      invocations, device_lists, io_limit_lists, memory_files, cpu_files, pids_files, cpuset_files,
      io_files, device_files, hierarchies, cgroups, memberships, user_namespaces, mount_namespaces,
      processes, containers, seccomp_programs, seccomp_filters;
};

// Hashes what Describe names. What is shared comes in as the digest of its row, so that an index
// counts for what it points to.
class DigestWriter {
 public:
  static constexpr bool kReads = false;

  // Both outlive it.
  DigestWriter(HashKey key, const RowDigests& rows) : hash_(key), rows_(rows) {}

  template <typename T>
  void Member(std::string_view /*name*/, const T& value) {
    Write(value);
  }
  template <typename T>
  void Late(std::string_view name, const T& value) {
    Member(name, value);
  }
  void Row(std::string_view /*name*/, const std::optional<std::uint32_t>& row,
           std::string_view table) {
    hash_.Add(row.has_value() ? 1 : 0, 1);
    if (row) hash_.Add(RowsOf(table)[*row]);
  }
  template <typename T, std::size_t kSize>
  void Keyed(std::string_view /*name*/, const std::array<T, kSize>& values,
             std::span<const std::string_view> /*keys*/) {
    Write(values);
  }
  void Flags(std::string_view /*name*/, std::uint8_t bits,
             std::span<const std::string_view> /*names*/) {
    hash_.Add(bits, 1);
  }

  void Write(const std::string& text) { hash_.Add(std::string_view(text)); }
  void Write(std::string_view text) { hash_.Add(text); }
  void Write(CapSet caps) { hash_.Add(caps.bits()); }

  void Write(StringId at) { WriteRow(rows_.strings, at); }
  void Write(ProcessIndex at) { WriteRow(rows_.processes, at); }
  void Write(MountNamespaceIndex at) { WriteRow(rows_.mount_namespaces, at); }
  void Write(HierarchyIndex at) { WriteRow(rows_.hierarchies, at); }
  void Write(CgroupIndex at) { WriteRow(rows_.cgroups, at); }
  void Write(MembershipIndex at) { WriteRow(rows_.memberships, at); }
  void Write(ExecutableIndex at) { WriteRow(rows_.executables, at); }
  void Write(LabelIndex at) { WriteRow(rows_.labels, at); }
  void Write(RlimitsIndex at) { WriteRow(rows_.rlimits, at); }
  void Write(GroupListIndex at) { WriteRow(rows_.group_lists, at); }
  void Write(StdioIndex at) { WriteRow(rows_.stdios, at); }
  void Write(InvocationIndex at) { WriteRow(rows_.invocations, at); }
  void Write(SeccompProgramIndex at) { WriteRow(rows_.seccomp_programs, at); }
  void Write(SeccompFiltersIndex at) { WriteRow(rows_.seccomp_filters, at); }
  void Write(DeviceListIndex at) { WriteRow(rows_.device_lists, at); }
  void Write(IoLimitListIndex at) { WriteRow(rows_.io_limit_lists, at); }

  // A process that runs or sleeps, or whose parent has gone, is judged alike.
  void Write(const ProcStat& stat) {
    Write(stat.start);
    Write(stat.tty);
    Write(stat.flags);
  }

  // As many bytes as its type has: two texts of a type are alike or differ where its value does.
  template <std::integral T>
  void Write(T value) {
    hash_.Add(static_cast<std::make_unsigned_t<T>>(value), sizeof(T));
  }
  void Write(bool value) { hash_.Add(value ? 1 : 0, 1); }

  template <typename T>
    requires std::is_enum_v<T>
  void Write(T value) {
    static_assert(!requires { TableOf(value); }, "an index counts for what it points to");
    Write(std::to_underlying(value));
  }

  template <typename T>
  void Write(const std::optional<T>& value) {
    Write(value.has_value());
    if (value) Write(*value);
  }

  template <typename T>
  void Write(const Fact<T>& fact) {
    Write(fact.has_value());
    if (fact) {
      Write(*fact);
    } else {
      Write(fact.error().code);
      Write(fact.error().error_number);
    }
  }

  template <typename T>
  void Write(const std::vector<T>& values) {
    hash_.Add(values.size());
    for (const T& value : values) Write(value);
  }

  template <typename T, std::size_t kSize>
  void Write(const std::array<T, kSize>& values) {
    for (const T& value : values) Write(value);
  }

  template <typename T>
    requires std::is_class_v<T>
  void Write(const T& record) {
    Describe(*this, record);
  }

  std::uint64_t Finish() const { return hash_.Finish(); }

 private:
  using Rows = std::vector<std::uint64_t>;

  void WriteRow(const Rows& rows, auto at) { hash_.Add(rows[static_cast<std::size_t>(at)]); }

  const Rows& RowsOf(std::string_view table) const {
    const std::array<std::pair<std::string_view, const Rows*>, 7> tables = {{
        {"memory_files", &rows_.memory_files},
        {"cpu_files", &rows_.cpu_files},
        {"pids_files", &rows_.pids_files},
        {"cpuset_files", &rows_.cpuset_files},
        {"io_files", &rows_.io_files},
        {"device_files", &rows_.device_files},
        {"containers", &rows_.containers},
    }};
    static const Rows kNone;  // A table that is missing here aborts: no row of it is to be had.
    const auto* const found =
        std::ranges::find(tables, table, &std::pair<std::string_view, const Rows*>::first);
    return found == tables.end() ? kNone : *found->second;
  }

  KeyedHash hash_;
  const RowDigests& rows_;
};

}  // namespace hullmark
