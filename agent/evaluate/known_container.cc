// SPDX-License-Identifier: Apache-2.0
#include "agent/evaluate/known_container.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "agent/evaluate/generations.h"
#include "agent/evaluate/known_state.h"
#include "hullmark/event.h"
#include "hullmark/ids.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

constexpr std::size_t kMostTextBytes = 512;

}  // namespace

std::string_view CutKnownText(std::string_view text) {
  std::size_t end = std::min(text.size(), kMostTextBytes);
  const auto continues = [&](std::size_t at) {
    return (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80U;
  };
  while (end < text.size() && end > 0 && continues(end)) --end;
  return text.substr(0, end);
}

bool Refresh(KnownContainer& known, const Snapshot& snapshot, const Container& container) {
  bool moved = false;
  const auto learn = [&](std::string& text, StringId told) {
    const std::string_view now = CutKnownText(snapshot.Text(told));
    if (now.empty() || now == text) return;
    text = now;
    moved = true;
  };
  if (const auto start = StartOfInit(snapshot, container)) known.start = start;
  learn(known.name, container.name);
  if (container.image) learn(known.image, *container.image);
  if (container.kubernetes) learn(known.name_space, container.kubernetes->name_space);
  if (container.kubernetes) learn(known.pod, container.kubernetes->pod);
  known.runtime = container.runtime;
  known.container_class = container.container_class;
  return moved;
}

bool MayBeNamed(const KnownContainer& known) {
  // A digest is what runc calls a container that an engine above it will name.
  constexpr std::size_t kDigest = 64;
  const bool by_digest = known.name == known.id && known.id.size() == kDigest;
  return (known.name.empty() || by_digest) && known.container_class != ContainerClass::kSandbox;
}

bool AwaitsName(const KnownContainer& known, const Snapshot& snapshot) {
  constexpr std::int64_t kTick = 10'000'000;
  constexpr std::int64_t kYoung = 10'000'000'000;
  constexpr std::uint64_t kMostTicks = 1ULL << 36;  // 21 years: a forged tree may say more.
  if (!MayBeNamed(known) || !known.start || !snapshot.host.booted_at) return false;
  const std::uint64_t ticks = std::to_underlying(*known.start);
  const std::int64_t booted = std::to_underlying(*snapshot.host.booted_at);
  if (ticks > kMostTicks || booted < 0 || booted > INT64_MAX / 2) return false;
  const std::int64_t started = booted + static_cast<std::int64_t>(ticks) * kTick;
  const std::int64_t age = std::to_underlying(snapshot.taken_at) - started;
  return age >= 0 && age < kYoung;  // A clock that was set says nothing.
}

Event Describe(EventKind kind, const KnownContainer* container) {
  Event event = {.kind = kind};
  if (container == nullptr) return event;
  event.container_id = container->id;
  event.name = container->name;
  event.name_space = container->name_space;
  event.pod = container->pod;
  event.image = container->image;
  event.runtime = container->runtime;
  event.container_class = container->container_class;
  return event;
}

}  // namespace hullmark
