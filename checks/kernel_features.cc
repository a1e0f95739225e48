// SPDX-License-Identifier: Apache-2.0
#include "checks/kernel_features.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "checks/kernel_settings.h"
#include "checks/three_valued.h"
#include "checks/verdicts.h"
#include "hullmark/check.h"
#include "hullmark/ids.h"
#include "hullmark/limits.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

constexpr std::size_t kMinKernel = 0;
constexpr std::size_t kNamespaceParam = 1;
constexpr std::size_t kControllerParam = 2;

Fact<bool> HasNamespace(const Host& host, std::string_view name) {
  const auto found = std::ranges::find(kNamespaceNames, name);
  if (host.namespace_kinds == 0) return Missing(ErrorCode::kNotRead);
  if (found == kNamespaceNames.end()) return Missing(ErrorCode::kUnsupported);
  return (host.namespace_kinds >> (found - kNamespaceNames.begin()) & 1) != 0;
}

Fact<bool> HasController(const Host& host, std::string_view name) {
  for (int at = 0; at < kControllers; ++at) {
    if (NameOf(static_cast<Controller>(at)) != name) continue;
    return FalseIfAbsent(host.controllers[static_cast<std::size_t>(at)]);
  }
  return Missing(ErrorCode::kUnsupported);
}

Fact<bool> IsNewEnough(const Host& host, std::string_view least) {
  const auto running = ParseKernelVersion(host.kernel);
  const auto wanted = ParseKernelVersion(least);
  if (!running || !wanted) return Missing(ErrorCode::kMalformed);
  return *running >= *wanted;
}

// Counts what is required and what of it is wanting.
class Tally {
 public:
  explicit Tally(EvidenceOut out) : out_(out) {}

  void Add(const Fact<bool>& present, std::string_view kind, std::string_view name) {
    ++required_;
    if (present && *present) return;
    ++wanting_;
    if (!present && !fault_) {
      fault_ = present.error();
      fault_name_ = name;
    }
    if (!present) return;
    missing_ = true;
    Prove(out_, "", [&] { return "no " + std::string(kind) + " " + std::string(name); });
  }

  Verdict Finish() {
    if (missing_) {
      const auto badness = static_cast<std::uint16_t>(1000 * wanting_ / required_);
      return {.outcome = Outcome::kFail, .badness = badness};
    }
    if (fault_) return Unknown(out_, fault_name_, *fault_);
    return required_ != 0 ? Pass() : NotApplicable("the benchmark asks for nothing");
  }

 private:
  EvidenceOut out_;
  std::uint32_t required_ = 0;
  std::uint32_t wanting_ = 0;  // Missing or not told: ignorance is never cheaper.
  bool missing_ = false;
  std::optional<Fault> fault_;  // The first.
  std::string_view fault_name_;
};

}  // namespace

Verdict IsolationFeaturesPresent(const Snapshot& snapshot, const Params& params, EvidenceOut out) {
  const Host& host = snapshot.host;
  Tally tally(out);
  for (const std::string& name : params.Strings(kNamespaceParam)) {
    tally.Add(HasNamespace(host, name), "namespaces of kind", name);
  }
  tally.Add(host.seccomp_filter_available, "support for", "seccomp filters");
  for (const std::string& name : params.Strings(kControllerParam)) {
    tally.Add(HasController(host, name), "cgroup controller", name);
  }
  for (const std::string& least : params.Strings(kMinKernel)) {
    tally.Add(IsNewEnough(host, least), "kernel of version", least);
  }
  return tally.Finish();
}

}  // namespace hullmark
