// SPDX-License-Identifier: Apache-2.0
#include "checks/mount_findings.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "checks/mount_paths.h"
#include "checks/verdicts.h"
#include "hullmark/caps.h"
#include "hullmark/check.h"
#include "hullmark/facts.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

std::optional<Pid> PidOfInit(const ContainerView& view) {
  if (!view.container.init) return std::nullopt;
  return view.snapshot.At(*view.container.init).pid;
}

}  // namespace

Price PriceOf(Severity severity, std::int64_t weight) {
  return {.severity = severity, .weight = static_cast<std::int32_t>(weight)};
}

std::string_view AccessOf(const Mount& mount) { return ReadOnly(mount) ? "read-only" : "writable"; }

bool CanUnmount(const ContainerView& view) {
  if (!view.container.init) return true;
  const Fact<ProcStatus>& status = view.snapshot.At(*view.container.init).leader.status;
  return !status || status->bounding.Has(Cap::kSysAdmin);
}

bool Buried(const ContainerView& view, const MountTable& table, const Mount& mount) {
  const auto place = view.snapshot.Text(mount.mount_point);
  return CoveringMount(view.snapshot, table.mounts, place) != &mount && !CanUnmount(view);
}

Fact<bool> InitSharesWithHost(const ContainerView& view, NamespaceKind kind) {
  if (!view.container.init) return Missing(ErrorCode::kNotFound);
  return InHostNamespace(view.snapshot, view.snapshot.At(*view.container.init).leader, kind);
}

Verdict UnknownMounts(const ContainerView& view, EvidenceOut out, Fault fault) {
  const Verdict verdict = Unknown(out, kMountinfo, fault);
  if (out != nullptr) out->back().pid = PidOfInit(view);
  return verdict;
}

void MountFindings::Count(const std::optional<Price>& price) {
  ++fails_;
  if (!price) full_price_ = true;
  if (price && price->weight >= worst_.weight) worst_ = *price;
}

void MountFindings::AddLine(bool full_price, std::string fact) {
  const std::size_t at = first_ + (full_price ? full_lines_++ : lines_);
  ++lines_;
  out_->insert(
      out_->begin() + static_cast<std::ptrdiff_t>(at),
      {.pid = PidOfInit(view_), .source = std::string(kMountinfo), .fact = std::move(fact)});
}

void MountFindings::Unknown(std::string_view source, Fault fault) {
  if (fault_) return;
  fault_ = fault;
  fault_source_ = source;
}

Verdict MountFindings::Finish(const MountTable& table, const Verdict& otherwise) {
  if (!table.complete) Unknown(kMountinfo, Fault{ErrorCode::kTruncated});
  if (fails_ == 0) {
    if (!fault_) return otherwise;
    const Verdict verdict = hullmark::Unknown(out_, fault_source_, *fault_);
    if (out_ != nullptr && fault_source_ == kMountinfo) out_->back().pid = PidOfInit(view_);
    return verdict;
  }
  if (out_ != nullptr && fails_ > lines_) {
    out_->push_back({.fact = "and " + std::to_string(fails_ - lines_) + " more mounts"});
  }
  Verdict verdict = {.outcome = Outcome::kFail};
  // The milder price needs all the rest to be known: ignorance is never cheaper.
  if (!full_price_ && !fault_) verdict.price = worst_;
  return verdict;
}

}  // namespace hullmark
