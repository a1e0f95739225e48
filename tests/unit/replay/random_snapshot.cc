// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/replay/random_snapshot.h"

#include <sys/types.h>

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "agent/replay/describe_snapshot.h"
#include "agent/replay/names.h"
#include "agent/seccomp/decoder.h"
#include "hullmark/caps.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"
#include "hullmark/strings.h"

namespace hullmark {
namespace {

using namespace std::string_view_literals;

constexpr std::array kTexts = {
    ""sv,
    "web"sv,
    "/usr/bin/nginx (deleted)"sv,
    "gr\xc3\xbc\xc3\x9f \xe6\x97\xa5\xe6\x9c\xac \xf0\x9f\x90\x8b"sv,
    "a\0b"sv,
    "\xff\xfe"sv,
    "\xc0\xaf overlong"sv,
    "\xed\xa0\x80 surrogate"sv,
    "cut short \xe6\x97"sv,
    "\x1b[2J\r\n\t\x7f\xc2\x9b"sv,
    "\xe2\x80\xae\xe2\x80\xa8 turned"sv,
    R"("\/\u0000)"sv,
    R"({"bytes": "00"})"sv,
    R"(\xff)"sv,
};

// Fills what Describe names. A table that indices point into has the rows that were drawn for it
// before the first index was.
class Filler {
 public:
  static constexpr bool kReads = true;

  Filler(std::uint64_t seed, std::size_t most_rows, StringTable& strings)
      : random_(seed), most_rows_(most_rows), strings_(strings) {}

  template <typename T>
  void Late(std::string_view name, T& value) {
    Member(name, value);
  }
  template <typename T>
  void Member(std::string_view name, T& value) {
    Fill(value, name);
  }
  template <typename T>
  void Member(std::string_view name, std::vector<T>& values) {
    values.resize(at_root_ ? RowsOf(name) : Below(4));
    const bool was_at_root = std::exchange(at_root_, false);
    for (T& value : values) Fill(value, name);
    at_root_ = was_at_root;
  }
  void Row(std::string_view /*name*/, std::optional<std::uint32_t>& row, std::string_view table) {
    row.reset();
    if (Below(3) != 0) row = static_cast<std::uint32_t>(Below(RowsOf(table)));
  }
  template <typename T, std::size_t kSize>
  void Keyed(std::string_view name, std::array<T, kSize>& values,
             std::span<const std::string_view> /*keys*/) {
    for (T& value : values) Fill(value, name);
  }
  void Flags(std::string_view /*name*/, std::uint8_t& bits,
             std::span<const std::string_view> names) {
    bits = static_cast<std::uint8_t>(Below(std::size_t{1} << names.size()));
  }

 private:
  std::size_t Below(std::size_t end) { return random_() % end; }
  std::size_t RowsOf(std::string_view table) {
    return rows_.try_emplace(std::string(table), 1 + Below(most_rows_)).first->second;
  }

  void Fill(bool& value, std::string_view /*name*/) { value = Below(2) == 1; }
  void Fill(CapSet& caps, std::string_view /*name*/) { caps = CapSet(random_()); }
  void Fill(StringId& id, std::string_view /*name*/) { id = strings_.Intern(Text()); }
  void Fill(std::string& text, std::string_view /*name*/) { text = Text(); }

  // Small, largest and any: what is cut or signed wrongly shows at the ends.
  template <std::integral T>
  void Fill(T& value, std::string_view /*name*/) {
    constexpr std::array kEnds = {T{}, T{1}, std::numeric_limits<T>::max(),
                                  std::numeric_limits<T>::min()};
    const auto choice = Below(2 * kEnds.size());
    value = choice < kEnds.size() ? kEnds[choice] : static_cast<T>(random_());
  }

  template <typename T>
    requires std::is_enum_v<T>
  void Fill(T& value, std::string_view name) {
    if constexpr (requires { EnumNames(value); }) {
      value = static_cast<T>(Below(EnumNames(value).size()));
    } else if constexpr (requires { TableOf(value); }) {
      value = static_cast<T>(Below(RowsOf(TableOf(value))));
    } else {
      std::underlying_type_t<T> number{};
      Fill(number, name);
      value = T{number};
    }
  }

  template <typename T>
  void Fill(std::optional<T>& value, std::string_view name) {
    value.reset();
    if (Below(3) != 0) Fill(value.emplace(), name);
  }

  template <typename T>
  void Fill(Fact<T>& fact, std::string_view name) {
    Fault fault;
    Fill(fault.code, name);
    Fill(fault.error_number, name);
    fact = std::unexpected(fault);
    if (Below(4) == 0) return;
    fact.emplace();
    Fill(*fact, name);
  }

  template <typename T>
  void Fill(std::vector<T>& values, std::string_view name) {
    Member(name, values);
  }

  template <typename T, std::size_t kSize>
  void Fill(std::array<T, kSize>& values, std::string_view name) {
    for (T& value : values) Fill(value, name);
  }

  template <typename T>
    requires std::is_class_v<T>
  void Fill(T& record, std::string_view /*name*/) {
    const bool was_at_root = std::exchange(at_root_, false);
    Describe(*this, record);
    at_root_ = was_at_root;
  }

  std::string Text() {
    const auto choice = Below(kTexts.size() + 3);
    if (choice < kTexts.size()) return std::string(kTexts[choice]);
    std::string text(Below(choice == kTexts.size() ? 4000 : 12), '\0');
    for (char& byte : text) byte = static_cast<char>(random_());
    return text;
  }

  std::mt19937_64 random_;
  std::size_t most_rows_;
  StringTable& strings_;
  bool at_root_ = true;
  std::map<std::string, std::size_t> rows_;
};

// Sorts by `key` and keeps one row of each.
void SortOnce(auto& rows, const auto& key) {
  std::ranges::sort(rows, {}, key);
  const auto rest = std::ranges::unique(rows, {}, key);
  rows.erase(rest.begin(), rest.end());
}

// Gives tables that indices point into their order without moving a row.
void OrderTables(Snapshot& s) {
  for (std::size_t i = 0; i < s.processes.size(); ++i) {
    s.processes[i].pid = Pid{static_cast<pid_t>(3 * i + 1)};
  }
  for (std::size_t i = 0; i < s.mount_namespaces.size(); ++i) {
    s.mount_namespaces[i].inode = NamespaceInode{static_cast<std::uint32_t>(4026531840U + i)};
  }
  SortOnce(s.threads, [](const Thread& thread) { return std::pair(thread.process, thread.tid); });
  SortOnce(s.user_namespaces, &UserNamespace::inode);
  SortOnce(s.label_keys, std::identity{});
  SortOnce(s.host.sysctls, &Sysctl::name);
  SortOnce(s.host.paths, &HostPath::path);
  SortOnce(s.host.runtime_daemons, std::identity{});
}

// Parents come before their children, and cgroups share their parent's hierarchy.
void OrderParents(Snapshot& s) {
  for (std::uint32_t i = 0; i < s.cgroups.size(); ++i) {
    Cgroup& cgroup = s.cgroups[i];
    if (cgroup.parent && std::to_underlying(*cgroup.parent) >= i) cgroup.parent.reset();
    if (cgroup.parent) cgroup.hierarchy = s.At(*cgroup.parent).hierarchy;
  }
  for (Membership& membership : s.memberships) {
    SortOnce(membership.cgroups, [&](CgroupIndex at) { return s.At(at).hierarchy; });
  }
  for (std::uint32_t i = 0; i < s.containers.size(); ++i) {
    Container& container = s.containers[i];
    if (container.parent && *container.parent >= i) container.parent.reset();
    SortOnce(container.members, &Member::process);
    if (container.learned) {
      SortOnce(container.learned->programs, [&](StringId program) { return s.Text(program); });
    }
    if (!container.claims) continue;
    SortOnce(container.claims->labels,
             [&](const ClaimedLabel& label) { return s.Text(label.key); });
  }
}

}  // namespace

Snapshot RandomSnapshot(std::uint64_t seed, std::size_t most_rows) {
  Snapshot snapshot;
  Filler filler(seed, most_rows, snapshot.strings);
  Describe(filler, snapshot);
  OrderTables(snapshot);
  OrderParents(snapshot);
  FilterDecoder().Decode(snapshot);
  return snapshot;
}

}  // namespace hullmark
