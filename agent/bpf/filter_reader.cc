// SPDX-License-Identifier: Apache-2.0
#include "agent/bpf/filter_reader.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <expected>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "agent/bpf/filter_memory.h"
#include "agent/bpf/filter_record.h"
#include "agent/bpf/filters_skeleton.h"
#include "agent/bpf/iteration.h"
#include "agent/bpf/loading.h"
#include "hullmark/result.h"

namespace hullmark {
namespace {

// Of one Read; what is left then is for the next one.
constexpr int kMostPasses = 16;

struct Destroy {
  void operator()(filters_bpf* skeleton) const { filters_bpf__destroy(skeleton); }
  void operator()(bpf_link* link) const { bpf_link__destroy(link); }
};

std::vector<std::uint64_t> WordsOf(const unsigned long long* words, unsigned int count) {
  return {words, words + std::min<unsigned int>(count, kMostNotedWords)};
}

}  // namespace

struct FilterReader::Program {
  std::unique_ptr<filters_bpf, Destroy> skeleton;
  std::unique_ptr<bpf_link, Destroy> link;
  FilterMemory memory;
  std::size_t copied = 0;

  Result<std::vector<FilteredTask>> Pass(bool walk_on);
  void TakeNodes();
  std::vector<FilterRecords::Stack> StacksOf(const std::vector<FilteredTask>& tasks) const;
  static bool IsComplete(const FilterRecords& records);
  void Take(const FilterNode& node);
  void Forget(std::uint64_t self) const;
};

FilterReader::FilterReader(std::unique_ptr<Program> program) : program_(std::move(program)) {}
FilterReader::FilterReader(FilterReader&& other) noexcept = default;
FilterReader& FilterReader::operator=(FilterReader&& other) noexcept = default;
FilterReader::~FilterReader() = default;

Result<FilterReader> FilterReader::Load(const std::string& types) {
  if (auto there = Loading::CheckTypes(); !there) return std::unexpected(there.error());
  Loading loading;
  bpf_object_open_opts options = {};
  loading.Prepare(options);
  if (!types.empty()) options.btf_custom_path = types.c_str();
  auto program = std::make_unique<Program>();
  program->skeleton.reset(filters_bpf__open_opts(&options));
  if (!program->skeleton) return loading.Failure(errno);
  if (const int error = filters_bpf__load(program->skeleton.get()); error != 0) {
    return loading.Failure(-error);
  }
  program->link.reset(bpf_program__attach_iter(program->skeleton->progs.write_filters, nullptr));
  if (!program->link) return loading.Failure(errno);
  return FilterReader(std::move(program));
}

Result<std::vector<FilteredTask>> FilterReader::Program::Pass(bool walk_on) {
  auto* const shared = skeleton->bss;
  shared->nodes_used = shared->chunks_used = shared->out_of_room = 0;
  shared->walk_on = walk_on ? 1 : 0;
  std::vector<FilteredTask> tasks;
  const auto iterated = Iterate(
      bpf_link__fd(link.get()), sizeof(FilteredTask),
      [&](const char* bytes) { std::memcpy(&tasks.emplace_back(), bytes, sizeof(FilteredTask)); });
  if (!iterated) return std::unexpected(iterated.error());
  return tasks;
}

void FilterReader::Program::Forget(std::uint64_t self) const {
  (void)bpf_map_delete_elem(bpf_map__fd(skeleton->maps.known), &self);
}

void FilterReader::Program::Take(const FilterNode& node) {
  constexpr std::size_t kMostBytes = std::size_t{kMostFilterChunks} * kFilterChunkBytes;
  const std::size_t begin = std::size_t{node.chunk} * kFilterChunkBytes;
  const std::size_t bytes = std::size_t{node.instructions} * sizeof(std::uint64_t);
  FilterCode code;
  if (begin <= kMostBytes && bytes <= kMostBytes - begin) {
    code.resize(node.instructions);
    std::memcpy(code.data(), &skeleton->bss->chunks[0][0] + begin, bytes);
  }
  ++copied;
  memory.Take(node.self,
              {.prev = node.prev,
               .native = WordsOf(node.native, node.native_words),
               .compat = WordsOf(node.compat, node.compat_words)},
              std::move(code), node.from);
}

void FilterReader::Program::TakeNodes() {
  const auto* const shared = skeleton->bss;
  const std::span<const FilterNode> nodes(shared->nodes, kMostFilterNodes);
  for (const FilterNode& node :
       nodes.first(std::min<std::size_t>(shared->nodes_used, nodes.size()))) {
    if (node.torn == 0) {
      Take(node);
    } else {
      Forget(node.self);
    }
  }
}

// What is left out for its depth is never complete.
bool FilterReader::Program::IsComplete(const FilterRecords& records) {
  return std::ranges::all_of(records.tasks, [&](const FilteredTask& task) {
    const auto* const stack = records.Find(task.filter);
    return task.filters > kMostFilterDepth || (stack != nullptr && !stack->filters.empty());
  });
}

std::vector<FilterRecords::Stack> FilterReader::Program::StacksOf(
    const std::vector<FilteredTask>& tasks) const {
  std::vector<std::uint64_t> newest;
  for (const FilteredTask& task : tasks) newest.push_back(task.filter);
  std::ranges::sort(newest);
  const auto repeated = std::ranges::unique(newest);
  newest.erase(repeated.begin(), repeated.end());
  std::vector<FilterRecords::Stack> stacks;
  for (const std::uint64_t self : newest) {
    stacks.push_back({.newest = self, .filters = memory.FiltersOf(self)});
  }
  return stacks;
}

Result<FilterRecords> FilterReader::Read() {
  program_->copied = 0;
  FilterRecords records;
  for (int pass = 0; pass < kMostPasses; ++pass) {
    auto tasks = program_->Pass(pass > 0);
    if (!tasks) return std::unexpected(tasks.error());
    records.tasks = *std::move(tasks);
    program_->TakeNodes();
    const std::vector<std::uint64_t> gone = program_->memory.Witness(records.tasks);
    for (const std::uint64_t self : gone) program_->Forget(self);
    records.stacks = program_->StacksOf(records.tasks);
    const bool moved = program_->skeleton->bss->nodes_used > 0 || !gone.empty();
    if (!moved || Program::IsComplete(records)) break;
  }
  program_->memory.LetGo();
  return records;
}

std::size_t FilterReader::copied() const { return program_->copied; }

const FilterRecords::Stack* FilterRecords::Find(std::uint64_t newest) const {
  const auto at = std::ranges::lower_bound(stacks, newest, {}, &Stack::newest);
  return at != stacks.end() && at->newest == newest ? &*at : nullptr;
}

}  // namespace hullmark
