// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "checks/mount_paths.h"
#include "hullmark/check.h"
#include "hullmark/facts.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"

namespace hullmark {

// A price for the milder case, from a weight of the benchmark.
Price PriceOf(Severity severity, std::int64_t weight);

// "read-only" or "writable", as evidence says it.
std::string_view AccessOf(const Mount& mount);

// The file that mount evidence quotes; its line also names the init that the table was read from.
inline constexpr std::string_view kMountinfo = "mountinfo";
inline constexpr std::string_view kHostMountinfo = "/proc/1/mountinfo";

// Whether the container's init could take a mount away: then what lies on top of another hides
// nothing. Also true where its capabilities could not be read.
bool CanUnmount(const ContainerView& view);

// Whether `mount` is buried below another mount that its container cannot take away.
bool Buried(const ContainerView& view, const MountTable& table, const Mount& mount);

// Whether the container's init is in the host's namespace of a kind; kNotFound without an init.
Fact<bool> InitSharesWithHost(const ContainerView& view, NamespaceKind kind);

// Unknown because the container's table could not be read.
Verdict UnknownMounts(const ContainerView& view, EvidenceOut out, Fault fault);

// What a check found on the mounts of a container: the worst of them decides, and the first few
// are proof. Of a table with a hundred bad mounts nobody reads a hundred lines.
class MountFindings {
 public:
  MountFindings(const ContainerView& view, EvidenceOut out)
      : view_(view), out_(out), first_(out == nullptr ? 0 : out->size()) {}

  // A mount that fails, at `price` or the control's own. `make_text` is called for proof only.
  template <typename MakeText>
  void Fail(const std::optional<Price>& price, MakeText&& make_text) {
    Count(price);
    if (out_ != nullptr && lines_ < kMostLines) AddLine(!price, make_text());
  }

  // A mount that fails and is not worth a line of its own.
  void FailSilently(const std::optional<Price>& price) { Count(price); }

  // Something that could not be told; `source` is a literal.
  void Unknown(std::string_view source, Fault fault);

  // `otherwise` is the verdict on a complete table without a finding.
  Verdict Finish(const MountTable& table, const Verdict& otherwise);

 private:
  static constexpr std::size_t kMostLines = 8;

  void Count(const std::optional<Price>& price);
  void AddLine(bool full_price, std::string fact);

  const ContainerView& view_;
  EvidenceOut out_;
  std::size_t first_;           // Where our lines begin.
  std::size_t full_lines_ = 0;  // Lines at the full price come before the milder ones.
  std::size_t lines_ = 0;
  std::size_t fails_ = 0;
  bool full_price_ = false;
  Price worst_;                 // Of those below the full price.
  std::optional<Fault> fault_;  // The first unknown.
  std::string_view fault_source_;
};

}  // namespace hullmark
