// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "agent/collect/collect.h"
#include "hullmark/ids.h"
#include "hullmark/snapshot.h"
#include "tests/unit/temp_tree.h"

namespace hullmark {

// The host's own namespace of a kind, in these tests.
constexpr NamespaceInode HostInode(NamespaceKind kind) {
  return NamespaceInode{4026532000U + std::to_underlying(kind)};
}

// A host in a directory of its own: proc, sys and a root (host), and the Snapshot that earlier
// steps of a collection would have left.
class HostTest : public testing::Test {
 protected:
  HostTest();

  // The namespace that we are in.
  void SetOwn(NamespaceKind kind, NamespaceInode inode) const;
  void MakeSocket(const std::string& path) const;
  void AddMount(std::uint32_t id, std::string_view root, std::string_view point,
                std::string_view type, DeviceNumber device);
  // A process of the host that runs `program`.
  void AddProcess(int pid, std::string_view program,
                  NamespaceInode pid_namespace = HostInode(NamespaceKind::kPid));
  void WriteStat(int pid, int start) const;

  const Host& Collected();
  // Of a new look.
  const Host& Recollected();

  TempTree tree_;
  Snapshot snapshot_;
  CollectOptions options_;
};

// nullptr for none.
const HostPath* PathOf(const Host& host, std::string_view path);

}  // namespace hullmark
