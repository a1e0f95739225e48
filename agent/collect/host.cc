// SPDX-License-Identifier: Apache-2.0
#include "agent/collect/host.h"

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "agent/base/file.h"
#include "agent/collect/collect.h"
#include "agent/collect/host_look.h"
#include "agent/parse/host_files.h"
#include "agent/parse/namespace_link.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"
#include "hullmark/syscalls.h"

namespace hullmark {
namespace {

std::string LineOf(HostLook& look, const char* path) {
  const auto text = look.buffer.Read(look.roots.proc.get(), path);
  return text ? std::string(TrimLine(*text)) : std::string();
}

// The name in /proc is that of the reader's own uts namespace.
std::string HostName(HostLook& look) {
  if (look.IsHosts(NamespaceKind::kUts)) return LineOf(look, "sys/kernel/hostname");
  return {};
}

// Of the kernel that runs: this program runs on it.
std::optional<Machine> ThisMachine() {
#if defined(__x86_64__)
  return Machine::kX86_64;
#elif defined(__aarch64__)
  return Machine::kAarch64;
#else
  return std::nullopt;
#endif
}

}  // namespace

Fault HostLook::OfKernel(Fault fault) const {
  if (fault.code != ErrorCode::kNotFound || ShowsKernel(roots)) return fault;
  return {.code = ErrorCode::kVantage};
}

bool HostLook::IsHosts(NamespaceKind kind) {
  // The kernel numbers other namespaces from here up (PROC_DYNAMIC_FIRST): what is below is the
  // first of its kind, whatever pid 1 lets us see. Before 6.18 those of mnt and net are above too.
  constexpr NamespaceInode kFirstDynamic{0xF0000000};
  const auto at = std::to_underlying(kind);
  const auto link =
      buffer.ReadLink(roots.proc.get(), ("self/ns/" + std::string(kNamespaceNames.at(at))).c_str());
  const auto own = link ? ParseNamespaceLink(*link, kind) : std::unexpected(link.error());
  if (!own) return false;
  const auto& reference = snapshot.host.namespaces.at(at);
  return reference ? *own == reference->inode : *own < kFirstDynamic;
}

void CollectHost(const Roots& roots, const CollectOptions& options, Snapshot& snapshot) {
  ReadBuffer buffer(options.most_file_bytes);
  HostLook look{.roots = roots, .options = options, .snapshot = snapshot, .buffer = buffer};
  snapshot.host.name = HostName(look);
  snapshot.host.kernel = LineOf(look, "sys/kernel/osrelease");
  if (!roots.plain) snapshot.host.machine = ThisMachine();
  snapshot.host.boot_id = LineOf(look, "sys/kernel/random/boot_id");
  CollectSecurityModules(look);
  CollectKernelSettings(look);
  CollectResources(look);
  CollectDisks(look);
  CollectPlaces(look);
}

}  // namespace hullmark
