// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

#include "agent/bpf/exec_ban.h"
#include "hullmark/result.h"

namespace hullmark {

// A program in the kernel that judges each exec of the cgroups that it was given, when the new
// credentials are in force and before the first instruction, and kills what is forbidden there: see
// exec_ban.h and bpf_send_signal in bpf-helpers(7). Nothing is pinned: it goes with its
// descriptors, however their holder ends. One caller at a time.
class ExecBanProgram {
 public:
  // Of one mode: 0 what is pretended, 1 what is done.
  struct Allowance {
    std::uint64_t turns = 0, places = 0;  // In all since it was loaded.
  };

  // Loads and attaches it; it knows no cgroup, allows nothing, and judges nobody before Until().
  // `host_mounts`: the mount namespace of the host, whose tasks are spared. `typed` false: by a raw
  // tracepoint. Errors: as TaskIterator::Load.
  static Result<ExecBanProgram> Load(std::uint32_t host_mounts, bool typed = true);

  ExecBanProgram(ExecBanProgram&& other) noexcept;
  ExecBanProgram& operator=(ExecBanProgram&& other) noexcept;
  ~ExecBanProgram();

  Result<void> Set(std::uint64_t cgroup, const ExecBans& bans);
  void Remove(std::uint64_t cgroup);
  void Allow(std::size_t mode, const Allowance& allowance);

  // `modes`: those that have had to do with the container of a place, 1 << mode each. They need no
  // further place of the allowance there.
  void Admit(std::uint32_t place, std::uint32_t modes);

  // Nobody is judged from then on. Milliseconds since boot.
  void Until(std::int64_t boot_ms);

  // Judges nobody from here on; what was told before can still be drained.
  void Detach();

  // Hands over what was told, in the order of the events. `take` does not throw.
  void Drain(const std::function<void(const BannedExec&)>& take);

  // Of execs that were forbidden and let go, since nobody could have been told.
  std::uint64_t lost() const;

 private:
  struct Program;
  explicit ExecBanProgram(std::unique_ptr<Program> program);

  std::unique_ptr<Program> program_;
};

}  // namespace hullmark
