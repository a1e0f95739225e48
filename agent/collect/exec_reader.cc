// SPDX-License-Identifier: Apache-2.0
#include "agent/collect/exec_reader.h"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <expected>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "agent/base/file.h"
#include "agent/bpf/task_event.h"
#include "agent/bpf/task_record.h"
#include "agent/collect/process_reader.h"
#include "agent/collect/record_facts.h"
#include "agent/parse/host_files.h"
#include "agent/parse/namespace_link.h"
#include "agent/parse/proc_stat.h"
#include "agent/parse/proc_status.h"
#include "agent/parse/rlimits.h"
#include "hullmark/facts.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"

namespace hullmark {
namespace {

RecordLimit LimitOf(const Rlimit& limit) {
  const auto number = [](const std::optional<std::uint64_t>& value) {
    return value.value_or(std::numeric_limits<std::uint64_t>::max());
  };
  return {.soft = number(limit.soft), .hard = number(limit.hard)};
}

void PutStatus(const ProcStatus& status, TaskRecord& record) {
  record.inheritable = status.inheritable.bits();
  record.permitted = status.permitted.bits();
  record.effective = status.effective.bits();
  record.bounding = status.bounding.bits();
  record.ambient = status.ambient.value_or(CapSet()).bits();
  record.uid = std::to_underlying(status.uid.real);
  record.euid = std::to_underlying(status.uid.effective);
  record.suid = std::to_underlying(status.uid.saved);
  record.fsuid = std::to_underlying(status.uid.fs);
  record.gid = std::to_underlying(status.gid.real);
  record.egid = std::to_underlying(status.gid.effective);
  record.sgid = std::to_underlying(status.gid.saved);
  record.fsgid = std::to_underlying(status.gid.fs);
  record.innermost_pid = status.innermost_pid;
  record.pid_level = std::max(1U, unsigned{status.pid_depth}) - 1;
  record.threads = status.threads;
  record.no_new_privs = status.no_new_privs.value_or(false) ? 1 : 0;
  record.seccomp = std::to_underlying(status.seccomp.value_or(SeccompMode::kOff));
  record.seccomp_filters = status.seccomp_filters.value_or(0);
}

void PutStat(const ProcStat& stat, TaskEvent& event) {
  constexpr std::uint64_t kNanosecondsOfTick = 10'000'000;
  event.turn.parent = stat.parent;
  event.turn.start = std::to_underlying(stat.start) * kNanosecondsOfTick;
  event.task.start = event.turn.start;
  event.task.parent = stat.parent;
  event.task.tty = stat.tty;
  event.task.flags = stat.flags;
}

// The last part of a path, of a deleted file without the kernel's remark.
std::string_view LastPart(std::string_view path, bool deleted) {
  constexpr std::string_view kDeleted = " (deleted)";
  if (deleted && path.ends_with(kDeleted)) path.remove_suffix(kDeleted.size());
  return path.substr(path.rfind('/') + 1);
}

}  // namespace

Fact<TaskEvent> ExecReader::Read(Pid pid, std::uint64_t at) {
  constexpr int kAttempts = 3;
  const auto directory =
      OpenDirectory(proc_.get(), std::to_string(std::to_underlying(pid)).c_str());
  if (!directory) return std::unexpected(directory.error());
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    auto read = ReadNow(pid, directory->get());
    if (!read) return std::unexpected(read.error());
    if (!*read) continue;
    TaskEvent& event = **read;
    event.turn.at = at;
    event.turn.turn = kTaskExecuted;
    event.turn.tgid = event.task.tgid = event.task.tid = std::to_underlying(pid);
    return event;
  }
  return Missing(ErrorCode::kVanished);
}

ExecReader::Attempt ExecReader::ReadNow(Pid pid, int directory) {
  if (record_) {
    auto read = ReadByRecord(pid, directory);
    if (read || read.error().code == ErrorCode::kVanished) return read;
  }
  return ReadByFiles(directory);
}

// The executable between two records of one image; the second one is what holds.
ExecReader::Attempt ExecReader::ReadByRecord(Pid pid, int directory) {
  const auto before = Record(pid);
  if (!before) return std::unexpected(before.error());
  TaskEvent event{};
  ReadExecutable(directory, event);
  const auto after = Record(pid);
  if (!after) return std::unexpected(after.error());
  if (ImageOf(*before) != ImageOf(*after)) return std::nullopt;
  const TaskRecord executable = event.task;
  event.task = *after;
  // As its file tells it: whoever may not read that knows neither its device nor its name.
  event.task.known = (after->known & ~unsigned{kKnowsImage}) | executable.known;
  event.task.executable = executable.executable;
  event.task.executable_links = executable.executable_links;
  event.turn.parent = after->parent;
  event.turn.start = after->start;
  return event;
}

Fact<TaskRecord> ExecReader::Record(Pid pid) {
  const auto record = record_(pid);
  if (!record) return Missing(record.error().code);
  if (HasEnded(*record)) return Missing(ErrorCode::kVanished);
  return *record;
}

ExecReader::Attempt ExecReader::ReadByFiles(int directory) {
  const auto before = ReadStat(buffer_, directory);
  if (!before) return std::unexpected(before.error());
  auto event = ReadOnce(directory);
  if (!event) return std::unexpected(event.error());
  const auto after = ReadStat(buffer_, directory);
  if (!after || IsDead(after->facts.state)) return Missing(ErrorCode::kVanished);
  if (before->image != after->image) return std::nullopt;
  PutStat(after->facts, *event);
  return *event;
}

Fact<TaskEvent> ExecReader::ReadOnce(int directory) {
  TaskEvent event{};
  if (const auto read = ReadStatus(directory, event.task); !read) {
    return std::unexpected(read.error());
  }
  if (const auto read = ReadNamespaces(directory, event.task); !read) {
    return std::unexpected(read.error());
  }
  if (const auto read = ReadLimits(directory, event.task); !read) {
    return std::unexpected(read.error());
  }
  ReadExecutable(directory, event);
  return event;
}

Fact<void> ExecReader::ReadStatus(int directory, TaskRecord& record) {
  const auto text = buffer_.Read(directory, "status");
  if (!text) return std::unexpected(text.error());
  const auto status = ParseProcStatus(*text);
  if (!status) return std::unexpected(status.error());
  const auto groups = ParseGroups(status->groups);
  if (!groups) return std::unexpected(groups.error());
  PutStatus(status->facts, record);
  record.group_count = static_cast<std::uint32_t>(groups->size());
  const std::size_t kept = std::min(groups->size(), std::size_t{kMostRecordGroups});
  for (std::size_t at = 0; at < kept; ++at) record.groups[at] = std::to_underlying((*groups)[at]);
  return {};
}

Fact<void> ExecReader::ReadNamespaces(int directory, TaskRecord& record) {
  for (std::size_t at = 0; at < kNamespaceKinds; ++at) {
    const auto kind = static_cast<NamespaceKind>(at);
    const auto link =
        buffer_.ReadLink(directory, ("ns/" + std::string(kNamespaceNames[at])).c_str());
    const bool absent = !link && link.error().code == ErrorCode::kNotFound;
    if (absent && kind == NamespaceKind::kTime) continue;  // A kernel without them.
    const auto inode = link ? ParseNamespaceLink(*link, kind) : std::unexpected(link.error());
    if (!inode) return std::unexpected(inode.error());
    record.namespaces[at] = std::to_underlying(*inode);
    if (kind == NamespaceKind::kTime) record.known |= unsigned{kKnowsTimeNamespace};
  }
  record.known |= unsigned{kKnowsNamespaces};
  return {};
}

Fact<void> ExecReader::ReadLimits(int directory, TaskRecord& record) {
  const auto text = buffer_.Read(directory, "limits");
  if (!text) return std::unexpected(text.error());
  const auto limits = ParseRlimits(*text);
  if (!limits) return std::unexpected(limits.error());
  record.nofile = LimitOf(limits->nofile);
  record.nproc = LimitOf(limits->nproc);
  record.core = LimitOf(limits->core);
  record.memlock = LimitOf(limits->memlock);
  const auto score = buffer_.Read(directory, "oom_score_adj");
  if (!score) return std::unexpected(score.error());
  const auto line = TrimLine(*score);
  const auto read = std::from_chars(line.data(), line.data() + line.size(), record.oom_score_adj);
  if (read.ec != std::errc() || line.empty()) return Missing(ErrorCode::kMalformed);
  return {};
}

void ExecReader::ReadExecutable(int directory, TaskEvent& event) {
  constexpr unsigned kMinorBits = 20;
  const auto link = buffer_.ReadLink(directory, "exe");
  if (!link) return;
  const std::string path(*link);
  const auto status = StatusOf(directory, "exe", Follow::kYes);
  if (!status) return;
  event.task.known |= unsigned{kKnowsImage};
  event.task.executable = status->inode;
  event.task.executable_links = status->links;
  event.executable_device = status->device.major << kMinorBits | status->device.minor;
  if (status->has_mount_id) {
    event.task.known |= unsigned{kKnowsMount};
    event.executable_mount = status->mount_id;
  }
  const std::string_view name = LastPart(path, status->links == 0);
  const std::size_t length = std::min(name.size(), std::size_t{kMostExecutableName} - 1);
  std::memcpy(event.executable_name, name.data(), length);
}

}  // namespace hullmark
