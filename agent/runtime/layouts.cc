// SPDX-License-Identifier: Apache-2.0
#include "agent/runtime/layouts.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "agent/parse/cut.h"
#include "hullmark/snapshot.h"

namespace hullmark::runtime {
namespace {

enum class IdShape : std::uint8_t { kSha256, kAny };

// `top` and `parent` are the first directory and the one above; "" for any, a final '*' for a
// prefix.
struct CgroupLayout {
  std::string_view top, parent, prefix, suffix;
  IdShape shape;
  Runtime runtime;
};

// The first row that matches counts. "slice:prefix:id", which a systemd path in the hands of a
// cgroupfs driver becomes, is read as "prefix-id.scope".
constexpr auto kLayouts = std::to_array<CgroupLayout>({
    {"ecs", "", "", "", IdShape::kSha256, Runtime::kEcs},
    {"ecstasks*", "", "docker-", ".scope", IdShape::kSha256, Runtime::kEcs},
    {"", "docker", "", "", IdShape::kSha256, Runtime::kDocker},
    {"", "", "docker-", ".scope", IdShape::kSha256, Runtime::kDocker},
    {"", "", "cri-containerd-", ".scope", IdShape::kSha256, Runtime::kContainerd},
    {"", "", "crio-", ".scope", IdShape::kSha256, Runtime::kCrio},
    {"", "", "crio-", "", IdShape::kSha256, Runtime::kCrio},
    {"", "", "libpod-payload-", "", IdShape::kSha256, Runtime::kPodman},
    {"", "", "libpod-", ".scope", IdShape::kSha256, Runtime::kPodman},
    {"", "", "libpod-", "", IdShape::kSha256, Runtime::kPodman},
    {"", "", "nerdctl-", ".scope", IdShape::kAny, Runtime::kContainerd},
    {"default", "default", "", "", IdShape::kAny, Runtime::kContainerd},
    {"", "", "buildkit-", ".scope", IdShape::kAny, Runtime::kBuildkit},
    {"", "buildkit", "", "", IdShape::kAny, Runtime::kBuildkit},
    {"", "", "lxc.payload.", "", IdShape::kAny, Runtime::kLxc},
    {"", "lxc.payload", "", "", IdShape::kAny, Runtime::kLxc},
    {"lxc", "lxc", "", "", IdShape::kAny, Runtime::kLxc},
    {"", "machine.slice", "machine-qemu\\x2d", ".scope", IdShape::kAny, Runtime::kUnknown},
    {"", "machine.slice", "machine-", ".scope", IdShape::kAny, Runtime::kNspawn},
    {"", "", "systemd-nspawn@", ".service", IdShape::kAny, Runtime::kNspawn},
    {"", "garden", "", "", IdShape::kAny, Runtime::kGarden},
    {"nomad.slice", "", "", ".scope", IdShape::kAny, Runtime::kNomad},
    {"", "nomad", "", "", IdShape::kAny, Runtime::kNomad},
    {"", "mesos", "", "", IdShape::kAny, Runtime::kUnknown},
    {"", "kata_overhead", "", "", IdShape::kAny, Runtime::kKata},
    {"", "", "kata_", "", IdShape::kAny, Runtime::kKata},
    {"", "pod*", "", "", IdShape::kSha256, Runtime::kContainerd},
    {"", "", "", "", IdShape::kSha256, Runtime::kUnknown},
});

constexpr std::size_t kSha256Digits = 64;

bool IsHex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

bool IsSha256(std::string_view text) {
  return text.size() == kSha256Digits && std::ranges::all_of(text, IsHex);
}

// A uid as Kubernetes makes them, or the 32 digits of a static pod; dashes may be underscores.
bool IsPodUid(std::string_view text) {
  if (text.size() == 32) return std::ranges::all_of(text, IsHex);
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? text[i] != '-' && text[i] != '_' : !IsHex(text[i])) return false;
  }
  return true;
}

bool Fits(std::string_view pattern, std::string_view directory) {
  if (pattern.empty()) return true;
  if (!pattern.ends_with('*')) return pattern == directory;
  pattern.remove_suffix(1);
  return directory.starts_with(pattern);
}

std::string_view FirstDirectory(std::string_view path) {
  Cut(path, '/');
  return Cut(path, '/');
}

std::string_view Above(std::string_view path) {
  const auto at = path.rfind('/');
  return at == std::string_view::npos ? std::string_view() : path.substr(0, at);
}

// What `row` leaves of `name` between prefix and suffix; nullopt where it does not match.
std::optional<std::string_view> IdIn(std::string_view name, const CgroupLayout& row) {
  if (name.size() <= row.prefix.size() + row.suffix.size()) return std::nullopt;
  if (!name.starts_with(row.prefix) || !name.ends_with(row.suffix)) return std::nullopt;
  name.remove_prefix(row.prefix.size());
  name.remove_suffix(row.suffix.size());
  if (row.shape == IdShape::kSha256 && !IsSha256(name)) return std::nullopt;
  return name;
}

// "system.slice:docker:<id>": the row is found by prefix, the id stays a view into the path.
std::optional<LayoutMatch> MatchColons(std::string_view name) {
  const auto first = name.find(':');
  const auto second = first == std::string_view::npos ? first : name.find(':', first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  const auto prefix = name.substr(first + 1, second - first - 1);
  const auto id = name.substr(second + 1);
  for (const auto& row : kLayouts) {
    if (row.suffix != ".scope" || !row.top.empty() || !row.parent.empty()) continue;
    if (row.prefix.size() != prefix.size() + 1 || !row.prefix.starts_with(prefix)) continue;
    if (id.empty() || (row.shape == IdShape::kSha256 && !IsSha256(id))) continue;
    return LayoutMatch{.runtime = row.runtime, .id = id};
  }
  return std::nullopt;
}

std::string PodOfDirectory(std::string_view name, std::string_view above) {
  constexpr std::string_view kPodman = "machine-libpod_pod_", kSlice = ".slice";
  if (above == "libpod_parent" && IsSha256(name)) return std::string(name);
  name = Cut(name, ':');
  if (name.ends_with(kSlice)) name.remove_suffix(kSlice.size());
  if (name.starts_with(kPodman)) {
    name.remove_prefix(kPodman.size());
    return IsSha256(name) ? std::string(name) : std::string();
  }
  const auto at = name.rfind("pod");
  if (at == std::string_view::npos || (at > 0 && name[at - 1] != '-')) return {};
  if (!IsPodUid(name.substr(at + 3))) return {};
  std::string uid(name.substr(at + 3));
  std::ranges::replace(uid, '_', '-');
  return uid;
}

}  // namespace

std::string_view BaseName(std::string_view path) { return path.substr(path.rfind('/') + 1); }

std::optional<LayoutMatch> MatchLayout(std::string_view path) {
  const auto name = BaseName(path);
  if (name.empty()) return std::nullopt;
  if (const auto match = MatchColons(name)) return match;
  const auto top = FirstDirectory(path);
  const auto parent = BaseName(Above(path));
  for (const auto& row : kLayouts) {
    if (!Fits(row.top, top) || !Fits(row.parent, parent)) continue;
    if (const auto id = IdIn(name, row)) return LayoutMatch{.runtime = row.runtime, .id = *id};
  }
  return std::nullopt;
}

std::string PodOfPath(std::string_view path) {
  while (!path.empty()) {
    const auto above = Above(path);
    if (auto pod = PodOfDirectory(BaseName(path), BaseName(above)); !pod.empty()) return pod;
    path = above;
  }
  return {};
}

std::string UnescapeUnit(std::string_view name) {
  std::string text;
  while (!name.empty()) {
    const auto code = name.starts_with("\\x") && name.size() >= 4
                          ? NumberOf<std::uint8_t>(name.substr(2, 2), 16)
                          : std::nullopt;
    text += code ? static_cast<char>(*code) : name.front();
    name.remove_prefix(code ? 4 : 1);
  }
  return text;
}

}  // namespace hullmark::runtime
