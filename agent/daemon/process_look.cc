// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon/process_look.h"

#include <fcntl.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstddef>
#include <expected>
#include <optional>
#include <string>
#include <utility>

#include "agent/base/boot_time.h"
#include "agent/base/covers.h"
#include "agent/base/file.h"
#include "agent/bpf/task_event.h"
#include "agent/bpf/task_record.h"
#include "agent/enforce/limit_change.h"
#include "agent/enforce/protection.h"
#include "agent/enforce/reflex.h"
#include "agent/enforce/victim.h"
#include "agent/parse/proc_cgroup.h"
#include "hullmark/action.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"

namespace hullmark {
namespace {

constexpr std::size_t kMostCgroupText = std::size_t{64} << 10;

Fd Again(const Fd& fd) { return Fd(fcntl(fd.get(), F_DUPFD_CLOEXEC, 0)); }

}  // namespace

ProcessLook::ProcessLook(Fd proc, OpenRecords open)
    : proc_(std::move(proc)),
      buffer_(kMostCgroupText),
      reader_(Again(proc_)),
      open_(std::move(open)) {}

void ProcessLook::UseRecords(bool wanted) {
  if (!wanted) reader_.UseRecords({});
  if (!open_ || wanted == std::exchange(opened_, wanted) || !wanted) return;
  auto records = open_();
  if (!records) {
    spdlog::info("enforce: {}: who may be killed between looks is read through /proc",
                 records.error().message);
    return;
  }
  spdlog::info("enforce: who may be killed between looks is read by a program in the kernel");
  reader_.UseRecords(std::move(*records));
}

// Descriptors come first: whatever is read under a number that is alive in the end was its own.
Result<TaskEvent> ProcessLook::Read(const Reflex& reflex, const Action& action) {
  const ActionTarget& target = action.target;
  const auto init = Hold(target.life.init, target.life.started, init_);
  if (!init) return Fail(init.error().code, "its container is gone");
  const auto victim = Hold(*target.process, target.process_started, victim_);
  if (!victim) return std::unexpected(victim.error());
  auto event = ReadIn(reflex, *target.process);
  if (!victim_->process.IsAlive()) return Fail(ErrorCode::kVanished, "it has ended meanwhile");
  if (!init_->process.IsAlive()) return Fail(ErrorCode::kVanished, "its container is gone");
  return event;
}

Result<void> ProcessLook::Hold(Pid pid, BootTicks started, std::optional<Held>& held) const {
  if (held && held->pid == pid && held->started == started && held->process.IsAlive()) return {};
  auto opened = Victim::Open(proc_, pid, started);
  if (!opened) return std::unexpected(opened.error());
  held = Held{.pid = pid, .started = started, .process = std::move(*opened)};
  return {};
}

Result<TaskEvent> ProcessLook::ReadIn(const Reflex& reflex, Pid process) {
  const auto in_cgroup = CheckCgroup(reflex, process);
  if (!in_cgroup) return std::unexpected(in_cgroup.error());
  const auto event = reader_.Read(process, static_cast<std::uint64_t>(BootTime().count()));
  if (!event) return Fail(ErrorCode::kDenied, "the process cannot be read");
  const bool is_named = (event->task.known & unsigned{kKnowsImage}) != 0;
  if (reflex.runs_host_files && !is_named) {
    return Fail(ErrorCode::kDenied, "the process does not tell what it runs");
  }
  const auto why =
      Protection::WhyNot(event->task.oom_score_adj,
                         static_cast<const char*>(event->executable_name), reflex.runs_host_files);
  if (!why.empty()) return Fail(ErrorCode::kDenied, "the process " + why);
  // The name of its cgroup meant the same one throughout.
  if (!OpenPlace(reflex.place)) return Fail(ErrorCode::kDenied, "its cgroup is another one");
  return *event;
}

Result<void> ProcessLook::CheckCgroup(const Reflex& reflex, Pid process) {
  const std::string file = std::to_string(std::to_underlying(process)) + "/cgroup";
  const auto text = buffer_.Read(proc_.get(), file.c_str());
  const auto lines = text ? ParseProcCgroup(*text) : std::unexpected(text.error());
  if (!lines) return Fail(ErrorCode::kDenied, "its cgroup cannot be read");
  const auto is_inside = [&](const std::string& hierarchy) {
    const auto line = std::ranges::find(*lines, hierarchy, &CgroupLine::controllers);
    return line != lines->end() && !line->outside_view && Covers(reflex.path, line->path);
  };
  if (std::ranges::all_of(reflex.hierarchies, is_inside)) return {};
  return Fail(ErrorCode::kDenied, "the process is not in the container's cgroup");
}

}  // namespace hullmark
