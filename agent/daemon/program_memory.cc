// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon/program_memory.h"

#include <expected>
#include <span>
#include <string>
#include <utility>

#include "agent/collect/event_facts.h"
#include "agent/daemon/kept_programs.h"
#include "agent/daemon/state_file.h"
#include "agent/encode/json_writer.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

constexpr const char* kName = "programs.json";

}  // namespace

void ProgramMemory::Load(const StateFile* place) {
  if (place == nullptr || boot_id_.empty()) return;
  const auto text = place->Read(kName);
  if (!text && text.error().code == ErrorCode::kNotFound) return;
  auto kept = text ? ReadPrograms(*text) : std::unexpected(text.error());
  if (kept) {
    if (kept->boot_id == boot_id_) learner_.Restore(std::move(kept->containers));
    return;
  }
  const std::string path = place->PathOf(kName);
  const std::string& why = kept.error().message;
  warn_((why.starts_with(path) ? why : path + ": " + why) +
        "; what containers run is learned anew from now on");
}

void ProgramMemory::Learn(Snapshot& snapshot, std::span<const SeenExec> seen, const When& when,
                          const StateFile* place) {
  boot_id_ = snapshot.host.boot_id;
  if (!std::exchange(begun_, true)) Load(place);
  learner_.Learn(snapshot, seen, when.looked_at, when.seconds);
}

void ProgramMemory::Save(const StateFile* place) {
  unsaved_ |= learner_.TakeChanged();
  if (!unsaved_ || place == nullptr || boot_id_.empty()) return;
  const KeptPrograms kept{.boot_id = boot_id_, .containers = learner_.learned()};
  const auto saved =
      place->Replace(kName, [&](const ByteSink& sink) { WritePrograms(kept, sink); });
  unsaved_ = !saved;
  if (!saved && !complained_) {
    warn_("what containers run is not kept over a restart: " + saved.error().message);
  }
  complained_ = !saved;
}

}  // namespace hullmark
