// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>

#include "agent/base/file.h"
#include "agent/collect/collect.h"
#include "agent/collect/kept_files.h"
#include "agent/collect/membership.h"
#include "agent/collect/process_reader.h"
#include "agent/runtime/kept_claims.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark {

// The steps of one look at the host, to be called in their order. Keeps references to its
// arguments.
class Look {
 public:
  Look(const Roots& roots, const CollectOptions& options)
      : roots_(roots), options_(options), buffer_(options.most_file_bytes) {}

  // Reads what has to be known before processes are read.
  void Begin();
  // Lists processes; `read` adds what one entry of /proc stands for to the Snapshot, through
  // reader(). Error: as Collect.
  Result<void> ReadProcesses(const std::function<void(const DirectoryEntry&)>& read);
  // To be called when all processes are read. Error: as Collect.
  Result<void> EndProcesses();
  // Finds containers, reads their limits and the host. What is kept may be null.
  Snapshot Finish(KeptFiles* limits, KeptClaims* claims);

  // From Begin to Finish.
  Snapshot& snapshot() { return snapshot_; }
  Memberships& memberships() { return *memberships_; }
  ProcessReader& reader() { return *reader_; }
  ReadBuffer& buffer() { return buffer_; }

 private:
  const Roots& roots_;
  const CollectOptions& options_;
  ReadBuffer buffer_;
  Snapshot snapshot_;
  std::optional<Memberships> memberships_;
  std::optional<ProcessReader> reader_;
};

}  // namespace hullmark
