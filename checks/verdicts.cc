// SPDX-License-Identifier: Apache-2.0
#include "checks/verdicts.h"

#include <array>
#include <cstddef>
#include <expected>
#include <string>
#include <string_view>
#include <utility>

#include "hullmark/caps.h"
#include "hullmark/check.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

// A mount or cgroup namespace is known by its initial inode wherever we stand; what else is "the
// host's" to an observer inside a pid or user namespace may be that of the container around it.
bool HostIsUndecidable(const Snapshot& snapshot, NamespaceKind kind, ReferenceSource source) {
  if (SeesHost(snapshot.vantage)) return false;
  const bool told_by_inode = kind == NamespaceKind::kMnt || kind == NamespaceKind::kCgroup;
  return !told_by_inode || source != ReferenceSource::kConstant;
}

}  // namespace

void Prove(EvidenceOut out, std::string_view source, std::string_view fact) {
  if (out == nullptr) return;
  out->push_back({.source = std::string(source), .fact = std::string(fact)});
}

Verdict Unknown(EvidenceOut out, std::string_view source, Fault fault) {
  if (out != nullptr) {
    out->push_back({.source = std::string(source),
                    .fact = std::string(NameOf(fault.code)),
                    .error_number = fault.error_number});
  }
  return {.outcome = Outcome::kUnknown};
}

Verdict Unknown(EvidenceOut out, std::string_view source, std::string_view why) {
  Prove(out, source, why);
  return {.outcome = Outcome::kUnknown};
}

std::string Cut(std::string_view text, std::size_t most) {
  if (text.size() <= most) return std::string(text);
  return std::string(text.substr(0, most)) + "...";
}

CapSet KnownCaps(const Host& host, CapSet set) {
  const bool known = host.last_cap && *host.last_cap >= 0;
  return known ? set & CapSet::UpTo(*host.last_cap) : set;
}

Fact<bool> InHostNamespace(const Snapshot& snapshot, const Task& task, NamespaceKind kind) {
  const Fact<NamespaceInode> own = task.namespaces[kind];
  if (!own) return std::unexpected(own.error());
  const Fact<ReferenceNamespace>& reference = snapshot.host.namespaces[std::to_underlying(kind)];
  if (!reference) return std::unexpected(reference.error());
  if (HostIsUndecidable(snapshot, kind, reference->source)) return Missing(ErrorCode::kVantage);
  return *own == reference->inode;
}

Fact<bool> InInitialUserNamespace(const Snapshot& snapshot, const Task& task) {
  return InHostNamespace(snapshot, task, NamespaceKind::kUser);
}

std::string_view LinkOf(NamespaceKind kind) {
  static constexpr std::array<std::string_view, kNamespaceKinds> kLinks = {
      "ns/mnt", "ns/pid", "ns/net", "ns/ipc", "ns/uts", "ns/user", "ns/cgroup", "ns/time"};
  return kLinks[std::to_underlying(kind)];
}

std::string ToText(NamespaceKind kind, NamespaceInode inode) {
  return std::string(kNamespaceNames[std::to_underlying(kind)]) + ":[" +
         std::to_string(std::to_underlying(inode)) + "]";
}

}  // namespace hullmark
