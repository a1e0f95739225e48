// SPDX-License-Identifier: Apache-2.0
#include "agent/bpf/exec_bans.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "agent/bpf/exec_ban.h"
#include "agent/bpf/exec_bans.skel.h"
#include "agent/bpf/loading.h"
#include "hullmark/result.h"

namespace hullmark {
namespace {

struct Destroy {
  void operator()(exec_bans_bpf* skeleton) const { exec_bans_bpf__destroy(skeleton); }
  void operator()(ring_buffer* ring) const { ring_buffer__free(ring); }
};

using Take = std::function<void(const BannedExec&)>;

// Called by the ring, which knows C only: `context` holds a Take* while it is drained.
int TakeOne(void* context, void* data, std::size_t size) {
  const Take* const take = *static_cast<const Take**>(context);
  BannedExec exec = {};
  if (take == nullptr || size < sizeof exec) return 0;
  std::memcpy(&exec, data, sizeof exec);
  exec.name[kMostBannedName - 1] = '\0';
  (*take)(exec);
  return 0;
}

}  // namespace

struct ExecBanProgram::Program {
  std::unique_ptr<exec_bans_bpf, Destroy> skeleton;
  std::unique_ptr<ring_buffer, Destroy> ring;
  const Take* take = nullptr;  // While the ring is drained.
};

ExecBanProgram::ExecBanProgram(std::unique_ptr<Program> program) : program_(std::move(program)) {}
ExecBanProgram::ExecBanProgram(ExecBanProgram&& other) noexcept = default;
ExecBanProgram& ExecBanProgram::operator=(ExecBanProgram&& other) noexcept = default;
ExecBanProgram::~ExecBanProgram() = default;

Result<ExecBanProgram> ExecBanProgram::Load(std::uint32_t host_mounts, bool typed) {
  if (auto types = Loading::CheckTypes(); !types) return std::unexpected(types.error());
  Loading loading;
  bpf_object_open_opts opening = {};
  loading.Prepare(opening);
  auto program = std::make_unique<Program>();
  program->skeleton.reset(exec_bans_bpf__open_opts(&opening));
  exec_bans_bpf* const skeleton = program->skeleton.get();
  if (skeleton == nullptr) return loading.Failure(errno);
  bpf_program__set_autoload(skeleton->progs.on_banned, typed);
  bpf_program__set_autoload(skeleton->progs.on_raw_banned, !typed);
  skeleton->bss->host_mounts = host_mounts;
  if (const int error = exec_bans_bpf__load(skeleton); error != 0) return loading.Failure(-error);
  program->ring.reset(ring_buffer__new(bpf_map__fd(skeleton->maps.told), TakeOne,
                                       static_cast<void*>(&program->take), nullptr));
  if (!program->ring) return loading.Failure(errno);
  if (const int error = exec_bans_bpf__attach(skeleton); error != 0) return loading.Failure(-error);
  return ExecBanProgram(std::move(program));
}

Result<void> ExecBanProgram::Set(std::uint64_t cgroup, const ExecBans& bans) {
  const int map = bpf_map__fd(program_->skeleton->maps.bans);
  if (bpf_map_update_elem(map, &cgroup, &bans, BPF_ANY) == 0) return {};
  return Fail(CodeOfErrno(errno), std::string("bpf: map of bans: ") + std::strerror(errno));
}

// One that is not there is gone.
void ExecBanProgram::Remove(std::uint64_t cgroup) {
  static_cast<void>(bpf_map_delete_elem(bpf_map__fd(program_->skeleton->maps.bans), &cgroup));
}

void ExecBanProgram::Allow(std::size_t mode, const Allowance& allowance) {
  auto* const bss = program_->skeleton->bss;
  bss->turns_allowed[mode] = allowance.turns;
  bss->places_allowed[mode] = allowance.places;
  bss->refused[mode] = 0;
}

void ExecBanProgram::Admit(std::uint32_t place, std::uint32_t modes) {
  program_->skeleton->bss->admitted[place % kMostBanCgroups] = modes;
}

void ExecBanProgram::Until(std::int64_t boot_ms) {
  constexpr std::uint64_t kNanoseconds = 1'000'000;
  program_->skeleton->bss->until = static_cast<std::uint64_t>(boot_ms) * kNanoseconds;
}

void ExecBanProgram::Detach() { exec_bans_bpf__detach(program_->skeleton.get()); }

void ExecBanProgram::Drain(const Take& take) {
  program_->take = &take;
  ring_buffer__consume(program_->ring.get());
  program_->take = nullptr;
}

std::uint64_t ExecBanProgram::lost() const { return program_->skeleton->bss->lost; }

}  // namespace hullmark
