// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <expected>
#include <string_view>

#include "agent/base/file.h"
#include "agent/collect/collect.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark {

// What every part of CollectHost works with.
struct HostLook {
  const Roots& roots;
  const CollectOptions& options;
  Snapshot& snapshot;
  ReadBuffer& buffer;

  // A file below `root`, through `parse`; the fault of the read where there is no text.
  template <typename Parse>
  auto Read(const Fd& root, const char* path, Parse parse) -> decltype(parse(std::string_view{})) {
    const auto text = buffer.Read(root.get(), path);
    if (!text) return std::unexpected(text.error());
    return parse(*text);
  }

  // As Read, for a file of /proc outside process directories. Where this procfs shows processes
  // only (subset=pid), that a file is absent says nothing of the kernel: kVantage.
  template <typename Parse>
  auto ReadOfKernel(const char* path, Parse parse) -> decltype(parse(std::string_view{})) {
    const auto text = buffer.Read(roots.proc.get(), path);
    if (!text) return std::unexpected(OfKernel(text.error()));
    return parse(*text);
  }

  // What a fault of such a file says.
  Fault OfKernel(Fault fault) const;

  // Whether our own namespace of `kind` is known to be the host's: only then is what /proc shows of
  // it the host's too.
  bool IsHosts(NamespaceKind kind);
};

// Each fills what its name says of look.snapshot.host.
void CollectSecurityModules(HostLook& look);  // lsm ... module_signatures_enforced.
void CollectKernelSettings(HostLook& look);   // sysctls, command_line, seccomp_filter_available.
void CollectResources(HostLook& look);        // controllers, memory, swap, CPUs, masked paths.
void CollectDisks(HostLook& look);            // disks, disk_parents.
void CollectPlaces(HostLook& look);  // Sockets, listeners, daemons, host paths and core_program.

}  // namespace hullmark
