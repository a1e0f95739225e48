// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "agent/base/file.h"
#include "agent/collect/collect.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark {

// The directory of a process that was read before, for what is asked of it later: it never becomes
// another's. kVanished where the number belongs to another process by now.
Fact<Fd> OpenProcess(const Roots& roots, ReadBuffer& buffer, const Process& process);

// The directory of a process or thread, opened when it is first asked for: often it is not.
class ProcessDirectory {
 public:
  // One that is open and stays so.
  explicit ProcessDirectory(int open) : directory_(open) {}
  // `name`: below /proc, "42" or "42/task/43".
  ProcessDirectory(const Roots& roots, std::string name)
      : proc_(roots.proc.get()), name_(std::move(name)) {}

  // The descriptor, or why there is none; the same each time.
  Fact<int> Open();
  bool asked() const { return directory_.has_value(); }

 private:
  int proc_ = -1;
  std::string name_;
  Fd own_;
  std::optional<Fact<int>> directory_;
};

}  // namespace hullmark
