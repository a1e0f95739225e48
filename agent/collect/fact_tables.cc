// SPDX-License-Identifier: Apache-2.0
#include "agent/collect/fact_tables.h"

#include <array>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

#include "hullmark/facts.h"
#include "hullmark/ids.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

// A key of plain values: equal values have equal bytes.
class Key {
 public:
  template <typename Part>
  Key& operator<<(const Part& part) {
    static_assert(std::has_unique_object_representations_v<Part>);
    std::array<char, sizeof(Part)> bytes;
    std::memcpy(bytes.data(), &part, sizeof part);
    text_.append(bytes.data(), bytes.size());
    return *this;
  }
  template <typename Part>
  Key& operator<<(const std::optional<Part>& part) {
    *this << part.has_value();
    return part ? *this << *part : *this;
  }
  Key& operator<<(const Rlimit& limit) { return *this << limit.soft << limit.hard; }

  std::string Take() { return std::move(text_); }

 private:
  std::string text_;
};

template <typename Index, typename Row>
Index KeepRow(std::unordered_map<std::string, Index>& rows, std::vector<Row>& table, Key& key,
              Row row) {
  const auto [at, is_new] =
      rows.try_emplace(key.Take(), Index{static_cast<std::uint32_t>(table.size())});
  if (is_new) table.push_back(std::move(row));
  return at->second;
}

}  // namespace

GroupListIndex FactTables::Keep(std::vector<Gid> groups) {
  Key key;
  for (const Gid group : groups) key << group;
  return KeepRow(groups_, snapshot_.group_lists, key, std::move(groups));
}

LabelIndex FactTables::Keep(const Label& label) {
  Key key;
  key << label.module << label.text;
  return KeepRow(labels_, snapshot_.labels, key, label);
}

ExecutableIndex FactTables::Keep(const Executable& executable) {
  Key key;
  key << executable.path << executable.device << executable.inode << executable.links
      << executable.mount_id;
  return KeepRow(executables_, snapshot_.executables, key, executable);
}

RlimitsIndex FactTables::Keep(const Rlimits& rlimits) {
  Key key;
  key << rlimits.nofile << rlimits.nproc << rlimits.core << rlimits.memlock;
  return KeepRow(rlimits_, snapshot_.rlimits, key, rlimits);
}

StdioIndex FactTables::Keep(const Stdio& stdio) {
  Key key;
  key << stdio.kind << stdio.socket;
  return KeepRow(stdios_, snapshot_.stdios, key, stdio);
}

InvocationIndex FactTables::Keep(const Invocation& invocation) {
  Key key;
  key << invocation.program << invocation.command_option << invocation.interactive_option
      << invocation.operand;
  return KeepRow(invocations_, snapshot_.invocations, key, invocation);
}

}  // namespace hullmark
