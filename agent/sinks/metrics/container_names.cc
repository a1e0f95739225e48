// SPDX-License-Identifier: Apache-2.0
#include "agent/sinks/metrics/container_names.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "agent/sinks/metrics/labels.h"
#include "agent/sinks/values.h"
#include "hullmark/report.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

constexpr std::size_t kShownOfId = 12;

// Kubernetes' own name for it where there is one, so that other exporters' series can be joined.
std::string_view NameFor(const Snapshot& snapshot, const Container& container) {
  if (container.kubernetes) {
    const auto name = snapshot.Text(container.kubernetes->container);
    if (!name.empty()) return name;
  }
  return CallName(snapshot, container);
}

std::string_view NamespaceOf(const Snapshot& snapshot, const Container& container) {
  return container.kubernetes ? snapshot.Text(container.kubernetes->name_space) : "";
}

std::string_view PodOf(const Snapshot& snapshot, const Container& container) {
  return container.kubernetes ? snapshot.Text(container.kubernetes->pod) : "";
}

std::string_view ImageOf(const Snapshot& snapshot, const Container& container) {
  return container.image ? snapshot.Text(*container.image) : "";
}

// All that labels are made of; lengths keep the parts apart, whatever is in them.
void WriteTexts(const Snapshot& snapshot, const Container& container, std::string& out) {
  out.clear();
  for (const std::string_view text :
       {NameFor(snapshot, container), NamespaceOf(snapshot, container), PodOf(snapshot, container),
        ImageOf(snapshot, container), snapshot.Text(container.id)}) {
    const auto length = static_cast<std::uint32_t>(text.size());
    out.append(reinterpret_cast<const char*>(&length), sizeof length).append(text);
  }
  out += static_cast<char>(container.runtime);
  out += static_cast<char>(container.container_class);
}

// The label set of the container's `number`-th namesake.
std::string OwnLabels(const Snapshot& snapshot, const Container& container, std::uint32_t number) {
  const std::string suffix = number == 1 ? "" : " #" + std::to_string(number);
  const std::string name =
      LabelText(NameFor(snapshot, container), kMostLabelBytes - suffix.size()) + suffix;
  std::string labels;
  AppendLabel(labels, "container", name);
  AppendLabel(labels, "namespace", LabelText(NamespaceOf(snapshot, container)));
  AppendLabel(labels, "pod", LabelText(PodOf(snapshot, container)));
  AppendLabel(labels, "runtime", NameOf(container.runtime));
  return labels;
}

std::string InfoLabels(const Snapshot& snapshot, const Container& container) {
  std::string labels;
  AppendLabel(labels, "id", LabelText(snapshot.Text(container.id), kShownOfId));
  AppendLabel(labels, "image", LabelText(ImageOf(snapshot, container)));
  AppendLabel(labels, "class", NameOf(container.container_class));
  return labels;
}

}  // namespace

ContainerNames::Known& ContainerNames::Recognise(const Snapshot& snapshot,
                                                 const Container& container) {
  std::uint64_t inode = 0;
  if (container.cgroup) inode = snapshot.At(*container.cgroup).inode.value_or(0);
  std::string key(snapshot.Text(container.id));
  key += '\0';
  key += std::to_string(inode);
  Known& first = living_[key];
  Known* known = &first;
  if (first.seen == publication_) {
    known = &living_[key + '\0' + std::to_string(++first.repeats)];
  } else {
    first.repeats = 0;
  }
  known->seen = publication_;
  return *known;
}

// Brings the labels up to date; a container whose plain name has changed has none until it is
// given one.
void ContainerNames::Describe(const Snapshot& snapshot, const Container& container, Known& known) {
  WriteTexts(snapshot, container, scratch_);
  if (scratch_ == known.texts) return;
  known.texts = scratch_;
  known.info = InfoLabels(snapshot, container);
  std::string plain = OwnLabels(snapshot, container, 1);
  if (plain == known.plain) return;
  TakeNameBack(known);
  known.plain = std::move(plain);
}

void ContainerNames::TakeNameBack(Known& known) {
  if (known.number == 0) return;
  taken_.erase(known.own);
  const auto plain = plain_.find(known.plain);
  if (--plain->second.living == 0) {
    plain_.erase(plain);
  } else if (known.number < plain->second.lowest_free) {
    plain->second.lowest_free = known.number;
  }
  known.number = 0;
}

void ContainerNames::GiveName(const Snapshot& snapshot, const Container& container, Known& known) {
  Plain& plain = plain_[known.plain];
  ++plain.living;
  known.number = plain.lowest_free;
  known.own = known.number == 1 ? known.plain : OwnLabels(snapshot, container, known.number);
  while (!taken_.insert(known.own).second) {
    known.own = OwnLabels(snapshot, container, ++known.number);
  }
  plain.lowest_free = known.number + 1;
}

void ContainerNames::Forget() {
  for (auto at = living_.begin(); at != living_.end();) {
    if (at->second.seen == publication_) {
      ++at;
      continue;
    }
    TakeNameBack(at->second);
    at = living_.erase(at);
  }
}

std::span<const ContainerNames::Labels> ContainerNames::Update(const Snapshot& snapshot,
                                                               const Report& report) {
  ++publication_;
  order_.clear();
  labels_.clear();
  for (const ContainerReport& judged : report.containers) {
    const Container& container = snapshot.containers[judged.container];
    order_.push_back(&Recognise(snapshot, container));
    Describe(snapshot, container, *order_.back());
  }
  Forget();  // First: a successor gets the name of the one it replaces.
  for (std::size_t i = 0; i < order_.size(); ++i) {
    Known& known = *order_[i];
    // The report is in order of age.
    if (known.number == 0) {
      GiveName(snapshot, snapshot.containers[report.containers[i].container], known);
    }
    labels_.push_back({.own = known.own, .info = known.info});
  }
  return labels_;
}

}  // namespace hullmark
