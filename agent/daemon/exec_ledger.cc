// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon/exec_ledger.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/base/keyed_hash.h"
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

void AddIdMap(KeyedHash& hash, const RecordIdMap& map) {
  hash.Add(map.count);
  for (std::uint32_t at = 0; at < std::min(map.count, unsigned{kMostRecordExtents}); ++at) {
    const RecordExtent& extent = map.extents[at];
    for (const std::uint64_t part : {extent.inside, extent.outside, extent.count}) hash.Add(part);
  }
}

void AddCredentials(KeyedHash& hash, const TaskRecord& task) {
  for (const std::uint64_t part :
       {task.inheritable, task.permitted, task.effective, task.bounding, task.ambient}) {
    hash.Add(part);
  }
  for (const std::uint64_t part :
       {task.uid, task.euid, task.suid, task.fsuid, task.gid, task.egid, task.sgid, task.fsgid,
        task.pid_level, task.no_new_privs, task.seccomp, task.seccomp_filters, task.group_count}) {
    hash.Add(part);
  }
  for (std::uint32_t at = 0; at < std::min(task.group_count, unsigned{kMostRecordGroups}); ++at) {
    hash.Add(task.groups[at]);
  }
  for (const std::uint32_t inode : task.namespaces) hash.Add(inode);
  AddIdMap(hash, task.uid_map);
  AddIdMap(hash, task.gid_map);
}

bool IsOfHost(const TaskEvent& event, const std::array<std::uint32_t, kRecordNamespaces>& host) {
  constexpr auto kMounts = std::to_underlying(NamespaceKind::kMnt);
  constexpr auto kPids = std::to_underlying(NamespaceKind::kPid);
  return event.task.namespaces[kMounts] == host[kMounts] &&
         event.task.namespaces[kPids] == host[kPids];
}

constexpr int kNoPid = 0;

}  // namespace

WatchPicture::WatchPicture(Snapshot snapshot, const Benchmark& benchmark, const Report& report)
    : snapshot_(std::move(snapshot)),
      benchmark_(benchmark),
      finder_(snapshot_),
      judge_(benchmark, report) {}

std::vector<ProcessFail> WatchPicture::Judge(std::uint32_t container, const SeenExec& seen) {
  const ProcStatus* const shape = SomeStatusIn(snapshot_, snapshot_.containers[container]);
  if (shape == nullptr) return {};
  const EndedProcess process{.process = ProcessOf(seen.event, *shape, snapshot_),
                             .joined = seen.joined};
  return judge_.Judge(snapshot_, container, process);
}

// Who descends from whom outlives a picture: processes are born while it is made.
void ExecLedger::Show(WatchPicture* picture) {
  picture_ = picture;
  identities_.clear();
  ids_.clear();
  inits_.clear();
  ended_.clear();
  if (picture_ == nullptr) return;
  const Snapshot& snapshot = picture_->snapshot();
  for (std::uint32_t at = 0; at < snapshot.containers.size(); ++at) {
    const Container& container = snapshot.containers[at];
    identities_.push_back(IdentityOf(snapshot, container));
    ids_.emplace(identities_.back().id, at);
    inits_.emplace(std::to_underlying(identities_.back().init), at);
    for (const Member& member : container.members) {
      Know(std::to_underlying(snapshot.At(member.process).pid),
           {.container = identities_.back(), .joined = member.joined});
    }
  }
  inits_.erase(kNoPid);
  host_.fill(0);
  for (std::size_t kind = 0; kind < host_.size(); ++kind) {
    const auto& own = snapshot.host.namespaces.at(kind);
    if (own) host_.at(kind) = std::to_underlying(own->inode);
  }
}

EventVerdict ExecLedger::Take(const TaskEvent& event) {
  switch (event.turn.turn) {
    case kTaskForked:
      if (const Lineage* const parent = LineageOf(event.turn.parent)) {
        Know(event.turn.tgid, Lineage(*parent));
      } else {
        lineages_.erase(event.turn.tgid);  // Of another process, whose end was lost.
      }
      return {};
    case kTaskExecuted:
      return TakeExec(event);
    default:
      TakeExit(event);
      return {};
  }
}

void ExecLedger::TakeExit(const TaskEvent& event) {
  lineages_.erase(event.turn.tgid);
  Supersede(event.turn.tgid);
  const auto init = inits_.find(event.turn.tgid);
  if (init != inits_.end()) ended_.insert(init->second);
}

const ExecLedger::Lineage* ExecLedger::LineageOf(int pid) const {
  const auto known = lineages_.find(pid);
  return known == lineages_.end() ? nullptr : &known->second;
}

void ExecLedger::Know(int pid, Lineage lineage) {
  if (lineages_.size() < kMostLineages || lineages_.contains(pid)) {
    lineages_.insert_or_assign(pid, std::move(lineage));
  }
}

// By its namespaces; where a process has made its own ones, by whose child it is.
std::optional<std::uint32_t> ExecLedger::FindContainer(const TaskEvent& event) const {
  const auto owner = picture_->finder().Find(NamespacesOf(event.task));
  if (owner) return ended_.contains(*owner) ? std::nullopt : owner;
  const Lineage* lineage = LineageOf(event.turn.tgid);
  if (lineage == nullptr) lineage = LineageOf(event.turn.parent);
  if (lineage == nullptr) return std::nullopt;
  const auto at = ids_.find(lineage->container.id);
  const bool same = at != ids_.end() && identities_[at->second] == lineage->container;
  return same && !ended_.contains(at->second) ? std::optional(at->second) : std::nullopt;
}

EventVerdict ExecLedger::TakeExec(const TaskEvent& event) {
  EventVerdict verdict;
  Supersede(event.turn.tgid);
  if (picture_ == nullptr) {
    // Of the host's own processes nothing is missed.
    verdict.left_out = !IsOfHost(event, host_);
    return verdict;
  }
  verdict.container = FindContainer(event);
  if (!verdict.container) {
    verdict.unplaced = !picture_->finder().Knows(NamespacesOf(event.task));
    return verdict;
  }
  const ContainerIdentity& container = identities_[*verdict.container];
  verdict.joined = IsJoined(event, container);
  Know(event.turn.tgid, {.container = container, .joined = verdict.joined});
  verdict.judged = true;
  SeenExec seen{.event = event, .container = container, .joined = verdict.joined};
  const auto [kind, is_new] = kinds_.try_emplace(KindOf(seen), seen_.size());
  if (!is_new) {
    ++seen_[kind->second].times;
    const auto known = fails_.find(kind->first);
    if (known != fails_.end()) verdict.fails = known->second;
    return verdict;
  }
  verdict.fails = picture_->Judge(*verdict.container, seen);
  picture_->Know(*verdict.container, verdict.fails);
  verdict.has_news = std::ranges::any_of(verdict.fails, &ProcessFail::is_news);
  if (seen_.size() >= kMostKinds) {
    kinds_.erase(kind);
    verdict.left_out = true;
    return verdict;
  }
  if (!verdict.fails.empty()) Remember(kind->first, verdict.fails);
  running_[event.turn.tgid].push_back(seen_.size());
  seen_.push_back(std::move(seen));
  return verdict;
}

// Of those that come after it nothing is news.
void ExecLedger::Remember(std::uint64_t kind, std::vector<ProcessFail> fails) {
  for (ProcessFail& fail : fails) fail.is_news = false;
  fails_.insert_or_assign(kind, std::move(fails));
}

bool ExecLedger::IsJoined(const TaskEvent& event, const ContainerIdentity& container) const {
  const Lineage* lineage = LineageOf(event.turn.tgid);
  if (lineage == nullptr) lineage = LineageOf(event.turn.parent);
  const bool inside = lineage != nullptr && lineage->container == container;
  return !inside || lineage->joined;
}

bool ExecLedger::SharesWithInit(const TaskEvent& event, std::uint32_t container) const {
  const Snapshot& snapshot = picture_->snapshot();
  const auto& init = snapshot.containers[container].init;
  if (!init) return false;
  const Namespaces& own = snapshot.At(*init).leader.namespaces;
  const Namespaces now = NamespacesOf(event.task);
  constexpr std::array kTelling = {NamespaceKind::kMnt, NamespaceKind::kPid, NamespaceKind::kUser};
  return std::ranges::all_of(kTelling, [&](NamespaceKind kind) {
    return own[kind] && now[kind] && *own[kind] == *now[kind];
  });
}

std::vector<ProcessFail> ExecLedger::JudgeAgain(const TaskEvent& event,
                                                const ContainerIdentity& container) {
  if (picture_ == nullptr) return {};
  const auto at = FindContainer(event);
  if (!at || identities_[*at] != container || !SharesWithInit(event, *at)) return {};
  return picture_->Judge(
      *at, {.event = event, .container = container, .joined = IsJoined(event, container)});
}

// All that a verdict may go by, and nothing that two runs of one program differ in.
std::uint64_t ExecLedger::KindOf(const SeenExec& seen) const {
  const TaskEvent& event = seen.event;
  const TaskRecord& task = event.task;
  KeyedHash hash(key_);
  hash.Add(seen.container.id);
  hash.Add(seen.joined ? 1 : 0);
  AddCredentials(hash, task);
  for (const RecordLimit& limit : {task.nofile, task.nproc, task.core, task.memlock}) {
    hash.Add(limit.soft);
    hash.Add(limit.hard);
  }
  hash.Add(task.tty != 0 ? 1 : 0);
  hash.Add(static_cast<std::uint64_t>(task.oom_score_adj));
  hash.Add(task.known);
  hash.Add(task.executable);
  hash.Add(task.executable_links);
  hash.Add(event.executable_mount);
  hash.Add(event.executable_device);
  hash.Add(std::string_view(static_cast<const char*>(event.executable_name)));
  return hash.Finish();
}

// What it executed is over.
void ExecLedger::Supersede(int pid) {
  const auto running = running_.find(pid);
  if (running == running_.end()) return;
  for (const std::size_t at : running->second) seen_[at].over = true;
  running_.erase(running);
}

std::vector<SeenExec> ExecLedger::TakeSeen(std::uint64_t looked_at) {
  std::vector<SeenExec> taken = std::exchange(seen_, {});
  kinds_.clear();
  running_.clear();
  const auto waits = [looked_at](const SeenExec& seen) {
    return !seen.over && seen.event.turn.at >= looked_at;
  };
  auto fails = std::exchange(fails_, {});
  for (const SeenExec& seen : taken) {
    if (!waits(seen)) continue;
    const std::uint64_t kind = KindOf(seen);
    kinds_.emplace(kind, seen_.size());
    if (auto known = fails.extract(kind)) fails_.insert(std::move(known));
    running_[seen.event.turn.tgid].push_back(seen_.size());
    seen_.push_back(seen);
  }
  std::erase_if(taken, waits);
  return taken;
}

}  // namespace hullmark
