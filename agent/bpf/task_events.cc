// SPDX-License-Identifier: Apache-2.0
#include "agent/bpf/task_events.h"

#include <bpf/libbpf.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <exception>
#include <expected>
#include <functional>
#include <memory>
#include <numeric>
#include <utility>

#include "agent/bpf/events.skel.h"
#include "agent/bpf/loading.h"
#include "agent/bpf/task_event.h"
#include "hullmark/result.h"

namespace hullmark {
namespace {

struct Destroy {
  void operator()(events_bpf* skeleton) const { events_bpf__destroy(skeleton); }
  void operator()(ring_buffer* ring) const { ring_buffer__free(ring); }
};

// What the ring calls, which knows C only.
struct Taker {
  const std::function<void(const TaskEvent&)>* take = nullptr;  // While the ring is drained.
  std::size_t left = 0;
  std::exception_ptr thrown{};
};

constexpr int kEnough = -ECANCELED;

int TakeOne(void* context, void* data, std::size_t size) {
  auto* const taker = static_cast<Taker*>(context);
  TaskEvent event = {};
  if (taker->take == nullptr || size < sizeof event.turn) return kEnough;
  std::memcpy(&event, data, std::min(size, sizeof event));
  event.executable_name[kMostExecutableName - 1] = '\0';
  try {
    (*taker->take)(event);
  } catch (...) {
    taker->thrown = std::current_exception();
    return kEnough;
  }
  return --taker->left == 0 ? kEnough : 0;
}

}  // namespace

struct TaskEvents::Program {
  std::unique_ptr<events_bpf, Destroy> skeleton;
  std::unique_ptr<ring_buffer, Destroy> ring;
  Taker taker;
};

std::uint64_t TaskEvents::Counts::Lost() const {
  return std::accumulate(lost.begin(), lost.end(), std::uint64_t{0});
}

TaskEvents::TaskEvents(std::unique_ptr<Program> program) : program_(std::move(program)) {}
TaskEvents::TaskEvents(TaskEvents&& other) noexcept = default;
TaskEvents& TaskEvents::operator=(TaskEvents&& other) noexcept = default;
TaskEvents::~TaskEvents() = default;

Result<TaskEvents> TaskEvents::Load(const Options& options) {
  if (auto types = Loading::CheckTypes(); !types) return std::unexpected(types.error());
  Loading loading;
  bpf_object_open_opts opening = {};
  loading.Prepare(opening);
  auto program = std::make_unique<Program>();
  program->skeleton.reset(events_bpf__open_opts(&opening));
  events_bpf* const skeleton = program->skeleton.get();
  if (skeleton == nullptr) return loading.Failure(errno);
  for (bpf_program* one :
       {skeleton->progs.on_fork, skeleton->progs.on_exec, skeleton->progs.on_exit}) {
    bpf_program__set_autoload(one, options.typed);
  }
  for (bpf_program* one :
       {skeleton->progs.on_raw_fork, skeleton->progs.on_raw_exec, skeleton->progs.on_raw_exit}) {
    bpf_program__set_autoload(one, !options.typed);
  }
  if (bpf_map__set_max_entries(skeleton->maps.ring, options.ring_bytes) != 0) {
    return loading.Failure(errno);
  }
  if (const int error = events_bpf__load(skeleton); error != 0) return loading.Failure(-error);
  program->ring.reset(ring_buffer__new(bpf_map__fd(skeleton->maps.ring), TakeOne,
                                       static_cast<void*>(&program->taker), nullptr));
  if (!program->ring) return loading.Failure(errno);
  if (const int error = events_bpf__attach(skeleton); error != 0) return loading.Failure(-error);
  return TaskEvents(std::move(program));
}

void TaskEvents::SetHost(const std::array<std::uint32_t, kRecordNamespaces>& namespaces) {
  for (std::size_t kind = 0; kind < namespaces.size(); ++kind) {
    program_->skeleton->bss->host_namespaces[kind] = namespaces.at(kind);
  }
}

int TaskEvents::fd() const { return ring_buffer__epoll_fd(program_->ring.get()); }

std::size_t TaskEvents::Drain(std::size_t most, const std::function<void(const TaskEvent&)>& take) {
  Taker& taker = program_->taker;
  taker = {.take = &take, .left = most};
  for (std::size_t before = taker.left + 1; taker.left != 0 && taker.left != before;) {
    before = taker.left;
    // Before the ring is looked into, until there is nothing: what comes later wakes again.
    program_->skeleton->bss->awake = 0;
    ring_buffer__consume(program_->ring.get());
    if (taker.thrown) break;
  }
  taker.take = nullptr;
  if (taker.thrown) std::rethrow_exception(taker.thrown);
  return most - taker.left;
}

TaskEvents::Counts TaskEvents::counts() const {
  Counts counts;
  const auto* const bss = program_->skeleton->bss;
  for (std::size_t turn = 0; turn < kTaskTurns; ++turn) {
    counts.told[turn] = bss->told[turn];
    counts.lost[turn] = bss->lost[turn];
  }
  return counts;
}

}  // namespace hullmark
