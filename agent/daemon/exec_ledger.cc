// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon/exec_ledger.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/bpf/task_event.h"
#include "agent/bpf/task_record.h"
#include "agent/collect/event_facts.h"
#include "agent/collect/record_facts.h"
#include "agent/evaluate/process_judge.h"
#include "hullmark/benchmark.h"
#include "hullmark/facts.h"
#include "hullmark/ids.h"
#include "hullmark/report.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

// Mixes numbers as they come; not against anybody who looks for collisions: two kinds that are
// taken for one are of one container, and both are judged by the next look where they live.
class Mixer {
 public:
  void Add(std::uint64_t value) {
    state_ = (state_ ^ value) * kFactor;
    state_ ^= state_ >> kShift;
  }
  std::uint64_t value() const { return state_; }

 private:
  static constexpr std::uint64_t kFactor = 0x9E3779B97F4A7C15;
  static constexpr unsigned kShift = 29;

  std::uint64_t state_ = kFactor;
};

void AddIdMap(Mixer& mixer, const RecordIdMap& map) {
  mixer.Add(map.count);
  for (std::uint32_t at = 0; at < std::min(map.count, unsigned{kMostRecordExtents}); ++at) {
    const RecordExtent& extent = map.extents[at];
    for (const std::uint64_t part : {extent.inside, extent.outside, extent.count}) mixer.Add(part);
  }
}

// All that a verdict may go by, and nothing that two runs of one program differ in.
std::uint64_t KindOf(const TaskEvent& event, bool joined) {
  const TaskRecord& task = event.task;
  Mixer mixer;
  for (const std::uint64_t part :
       {task.inheritable, task.permitted, task.effective, task.bounding, task.ambient,
        task.executable, task.nofile.soft, task.nofile.hard, task.nproc.soft, task.nproc.hard,
        task.core.soft, task.core.hard, task.memlock.soft, task.memlock.hard}) {
    mixer.Add(part);
  }
  for (const std::uint64_t part :
       {task.uid, task.euid, task.suid, task.fsuid, task.gid, task.egid, task.sgid, task.fsgid,
        task.pid_level, task.no_new_privs, task.seccomp, task.seccomp_filters,
        task.executable_links, task.known, task.group_count, event.executable_mount,
        event.executable_device}) {
    mixer.Add(part);
  }
  mixer.Add(task.tty != 0);
  mixer.Add(joined);
  mixer.Add(static_cast<std::uint64_t>(task.oom_score_adj));
  for (const std::uint32_t inode : task.namespaces) mixer.Add(inode);
  for (std::uint32_t at = 0; at < std::min(task.group_count, unsigned{kMostRecordGroups}); ++at) {
    mixer.Add(task.groups[at]);
  }
  AddIdMap(mixer, task.uid_map);
  AddIdMap(mixer, task.gid_map);
  mixer.Add(std::hash<std::string_view>()(static_cast<const char*>(event.executable_name)));
  return mixer.value();
}

}  // namespace

WatchPicture::WatchPicture(Snapshot snapshot, const Benchmark& benchmark, const Report& report)
    : snapshot_(std::move(snapshot)),
      benchmark_(benchmark),
      finder_(snapshot_),
      judge_(benchmark, report) {}

std::optional<std::uint32_t> WatchPicture::Find(const TaskEvent& event) const {
  return finder_.Find(NamespacesOf(event.task));
}

std::vector<ProcessNews> WatchPicture::Judge(std::uint32_t container, const SeenExec& seen) {
  const ProcStatus* const shape = finder_.StatusIn(container);
  if (shape == nullptr) return {};
  const EndedProcess process{.process = ProcessOf(seen.event, *shape, snapshot_),
                             .joined = seen.joined};
  return judge_.Judge(snapshot_, container, process);
}

void ExecLedger::Show(WatchPicture* picture) {
  picture_ = picture;
  lineages_.clear();
  host_.fill(0);
  if (picture_ == nullptr) return;
  const Snapshot& snapshot = picture_->snapshot();
  for (std::uint32_t at = 0; at < snapshot.containers.size(); ++at) {
    for (const Member& member : snapshot.containers[at].members) {
      Know(std::to_underlying(snapshot.At(member.process).pid),
           {.container = at, .joined = member.joined});
    }
  }
  for (std::size_t kind = 0; kind < host_.size(); ++kind) {
    const auto& own = snapshot.host.namespaces.at(kind);
    if (own) host_.at(kind) = std::to_underlying(own->inode);
  }
}

EventVerdict ExecLedger::Take(const TaskEvent& event) {
  switch (event.turn.turn) {
    case kTaskForked:
      Inherit(event);
      return {};
    case kTaskExecuted:
      return TakeExec(event);
    default:
      lineages_.erase(event.turn.tgid);
      return {};
  }
}

void ExecLedger::Know(int pid, Lineage lineage) {
  if (lineages_.size() < kMostLineages) lineages_.insert_or_assign(pid, lineage);
}

void ExecLedger::Inherit(const TaskEvent& event) {
  const auto parent = lineages_.find(event.turn.parent);
  if (parent != lineages_.end()) Know(event.turn.tgid, parent->second);
}

EventVerdict ExecLedger::TakeExec(const TaskEvent& event) {
  EventVerdict verdict;
  if (picture_ == nullptr) return verdict;
  verdict.container = picture_->Find(event);
  if (!verdict.container) {
    constexpr auto kMounts = std::to_underlying(NamespaceKind::kMnt);
    constexpr auto kPids = std::to_underlying(NamespaceKind::kPid);
    verdict.unplaced = event.task.namespaces[kMounts] != host_[kMounts] ||
                       event.task.namespaces[kPids] != host_[kPids];
    return verdict;
  }
  const auto lineage = lineages_.find(event.turn.tgid);
  const bool inside = lineage != lineages_.end() && lineage->second.container == *verdict.container;
  const bool joined = !inside || lineage->second.joined;
  if (!inside) Know(event.turn.tgid, {.container = *verdict.container, .joined = true});
  verdict.joined = joined;
  verdict.judged = true;
  if (IsKnownKind(event, joined)) return verdict;
  if (seen_.size() >= kMostKinds) {
    ++left_out_;
    verdict.judged = false;
    return verdict;
  }
  seen_.push_back({.event = event, .joined = joined});
  verdict.news = picture_->Judge(*verdict.container, seen_.back());
  return verdict;
}

bool ExecLedger::IsKnownKind(const TaskEvent& event, bool joined) {
  const auto [kind, is_new] = kinds_.try_emplace(KindOf(event, joined), seen_.size());
  if (is_new) return false;
  if (kind->second >= seen_.size()) return false;  // There was no room for it.
  ++seen_[kind->second].times;
  return true;
}

std::vector<SeenExec> ExecLedger::TakeSeen() {
  kinds_.clear();
  return std::exchange(seen_, {});
}

}  // namespace hullmark
