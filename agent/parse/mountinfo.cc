// SPDX-License-Identifier: Apache-2.0
#include "agent/parse/mountinfo.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/parse/cut.h"
#include "hullmark/facts.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "hullmark/strings.h"

namespace hullmark {
namespace {

constexpr bool IsOctal(char c, char most) { return c >= '0' && c <= most; }

StringId InternUnescaped(StringTable& strings, std::string_view text) {
  return text.contains('\\') ? strings.Intern(WithoutOctalEscapes(text)) : strings.Intern(text);
}

// "rw,nosuid" or "ro,...": the kernel always says first which of the two. nullopt when it does not.
std::optional<bool> CutReadOnly(std::string_view& options) {
  const auto first = Cut(options, ',');
  if (first != "ro" && first != "rw") return std::nullopt;
  return first == "ro";
}

bool ReadMountOptions(std::string_view options, MountFlags& flags) {
  const auto read_only = CutReadOnly(options);
  if (!read_only) return false;
  flags.read_only = *read_only;
  while (!options.empty()) {
    const auto option = Cut(options, ',');
    if (option == "nosuid") flags.no_suid = true;
    if (option == "nodev") flags.no_dev = true;
  }
  return true;
}

// Peer groups count from 1; 0 would read as "none".
bool ReadPeerGroup(std::string_view number, std::uint32_t& into) {
  const auto group = NumberOf<std::uint32_t>(number);
  if (!group || *group == 0) return false;
  into = *group;
  return true;
}

// One of the optional fields; tags unknown here are passed over.
bool ReadOptionalField(std::string_view field, Mount& mount) {
  const auto tag = Cut(field, ':');
  if (tag == "shared") return ReadPeerGroup(field, mount.shared);
  if (tag == "master") return ReadPeerGroup(field, mount.master);
  return !tag.empty();
}

// "//deleted" is no part of a path: no path has an empty component.
void ReadRoot(std::string_view text, StringTable& strings, Mount& mount) {
  constexpr std::string_view kDeleted = "//deleted";
  const std::string plain = WithoutOctalEscapes(text);
  std::string_view root = plain;
  mount.flags.root_deleted = root.ends_with(kDeleted);
  if (mount.flags.root_deleted) root.remove_suffix(kDeleted.size());
  mount.root = strings.Intern(root.empty() ? "/" : root);
}

// Fields 1 to 6; single blanks, since the kernel writes no others and a field may be empty.
bool CutMountFields(std::string_view& line, StringTable& strings, Mount& mount) {
  const auto id = NumberOf<std::uint32_t>(Cut(line, ' '));
  const auto parent = NumberOf<std::uint32_t>(Cut(line, ' '));
  const auto device = DeviceNumberOf(Cut(line, ' '));
  if (!id || !parent || !device) return false;
  mount.id = *id;
  mount.parent = *parent;
  mount.device = *device;

  const auto root = Cut(line, ' ');
  const auto mount_point = Cut(line, ' ');
  if (root.empty() || mount_point.empty()) return false;
  ReadRoot(root, strings, mount);
  mount.mount_point = InternUnescaped(strings, mount_point);
  return ReadMountOptions(Cut(line, ' '), mount.flags);
}

bool CutOptionalFields(std::string_view& line, Mount& mount) {
  while (!line.empty()) {
    const auto field = Cut(line, ' ');
    if (field == "-") return true;
    if (!ReadOptionalField(field, mount)) return false;
  }
  return false;  // No dash: what follows it is missing.
}

// Returns the mount and leaves the super options in `line`.
std::optional<Mount> CutMount(std::string_view& line, StringTable& strings) {
  Mount mount;
  if (!CutMountFields(line, strings, mount) || !CutOptionalFields(line, mount)) return std::nullopt;
  const auto type = Cut(line, ' ');
  if (type.empty() || line.empty()) return std::nullopt;
  mount.type = InternUnescaped(strings, type);
  mount.source = InternUnescaped(strings, Cut(line, ' '));  // May be "".
  auto options = line;
  const auto super_read_only = CutReadOnly(options);
  if (!super_read_only) return std::nullopt;
  mount.flags.super_read_only = *super_read_only;
  if (type == "overlay") {
    mount.upper_dir = InternUnescaped(strings, SuperOption(options, "upperdir").value_or(""));
  }
  return mount;
}

}  // namespace

std::string WithoutOctalEscapes(std::string_view text) {
  std::string plain;
  plain.reserve(text.size());
  while (!text.empty()) {
    const bool escape = text.size() >= 4 && text[0] == '\\' && IsOctal(text[1], '3') &&
                        IsOctal(text[2], '7') && IsOctal(text[3], '7');
    const int byte = escape ? (text[1] - '0') * 64 + (text[2] - '0') * 8 + (text[3] - '0') : 0;
    plain += escape ? static_cast<char>(byte) : text[0];
    text.remove_prefix(escape ? 4 : 1);
  }
  return plain;
}

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): a text and a word in it.
std::optional<std::string_view> SuperOption(std::string_view super_options, std::string_view key) {
  while (!super_options.empty()) {
    auto option = Cut(super_options, ',');
    if (Cut(option, '=') == key) return option;
  }
  return std::nullopt;
}

Fact<ParsedMounts> ParseMountinfo(std::string_view text, StringTable& strings,
                                  std::size_t most_mounts) {
  ParsedMounts parsed;
  // There are as many tables as containers: no room to spare in any.
  const auto lines = static_cast<std::size_t>(std::ranges::count(text, '\n'));
  parsed.mounts.reserve(std::min(lines, most_mounts));
  while (!text.empty()) {
    auto line = CutLine(text);
    parsed.truncated = !line || parsed.mounts.size() == most_mounts;
    if (parsed.truncated) break;
    const auto mount = CutMount(*line, strings);
    if (!mount) return Malformed();
    parsed.mounts.push_back(*mount);
  }
  return parsed;
}

Fact<std::vector<MountLine>> ParseMountinfoWithOptions(std::string_view text,
                                                       StringTable& strings) {
  std::vector<MountLine> lines;
  while (!text.empty()) {
    auto line = CutLine(text);
    if (!line) return Malformed();
    const auto mount = CutMount(*line, strings);
    if (!mount) return Malformed();
    lines.push_back({.mount = *mount, .super_options = std::string(*line)});
  }
  return lines;
}

}  // namespace hullmark
