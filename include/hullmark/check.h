// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "hullmark/call_groups.h"
#include "hullmark/caps.h"
#include "hullmark/glob.h"
#include "hullmark/host_mounts.h"
#include "hullmark/ids.h"
#include "hullmark/limits.h"
#include "hullmark/namespace_users.h"
#include "hullmark/severity.h"  // IWYU pragma: export
#include "hullmark/snapshot.h"

namespace hullmark {

enum class Scope : std::uint8_t { kProcess, kContainer, kHost };

// What a check says; reports know waived and manual besides.
enum class Outcome : std::uint8_t { kNotApplicable, kPass, kUnknown, kFail };

// ---- parameters: typed when the benchmark is loaded, read by position ----

enum class ParamType : std::uint8_t {
  kBool,
  kInteger,
  kFraction,
  kCaps,
  kStrings,
  kVersions,  // Strings like "4.18".
  kIntegers,
  kGlobs,
  kMountRules,
  kDevices,
  kSeverity,
  kCallGroups,
  kCallFamilies,
};

// An exception for a host path in a benchmark: "/lib/modules ro" holds only for read-only mounts.
struct MountRule {
  Glob path;
  bool read_only = false;
};

using ParamValue = std::variant<bool, std::int64_t, double, CapSet, std::vector<std::string>,
                                std::vector<std::int64_t>, std::vector<Glob>,
                                std::vector<MountRule>, std::vector<DeviceRule>, Severity,
                                std::vector<CallGroup>, std::vector<CallFamily>>;

struct ParamSpec {
  std::string_view name;
  ParamType type;
  // Of kStrings that a check compares with words of its own: those. Empty: any text will do.
  std::span<const std::string_view> words = {};
};

// The values of a control's parameters, in the order of its check's ParamSpecs.
class Params {
 public:
  Params() = default;
  explicit Params(std::vector<ParamValue> values) : values_(std::move(values)) {}

  bool Bool(std::size_t at) const { return std::get<bool>(values_[at]); }
  std::int64_t Integer(std::size_t at) const { return std::get<std::int64_t>(values_[at]); }
  double Fraction(std::size_t at) const { return std::get<double>(values_[at]); }
  CapSet Caps(std::size_t at) const { return std::get<CapSet>(values_[at]); }
  const std::vector<std::string>& Strings(std::size_t at) const {
    return std::get<std::vector<std::string>>(values_[at]);
  }
  const std::vector<std::int64_t>& Integers(std::size_t at) const {
    return std::get<std::vector<std::int64_t>>(values_[at]);
  }
  const std::vector<Glob>& Globs(std::size_t at) const {
    return std::get<std::vector<Glob>>(values_[at]);
  }
  const std::vector<MountRule>& MountRules(std::size_t at) const {
    return std::get<std::vector<MountRule>>(values_[at]);
  }
  const std::vector<DeviceRule>& Devices(std::size_t at) const {
    return std::get<std::vector<DeviceRule>>(values_[at]);
  }
  Severity Level(std::size_t at) const { return std::get<Severity>(values_[at]); }
  const std::vector<CallGroup>& CallGroups(std::size_t at) const {
    return std::get<std::vector<CallGroup>>(values_[at]);
  }
  const std::vector<CallFamily>& CallFamilies(std::size_t at) const {
    return std::get<std::vector<CallFamily>>(values_[at]);
  }
  const std::vector<ParamValue>& values() const { return values_; }

 private:
  std::vector<ParamValue> values_{};
};

// ---- verdicts ----

// A price other than the control's own, for the case that a check can tell to be milder or worse.
struct Price {
  Severity severity = Severity::kInfo;
  std::int32_t weight = 0;  // Points.

  friend constexpr bool operator==(const Price&, const Price&) = default;
};

struct Verdict {
  Outcome outcome = Outcome::kUnknown;
  std::uint16_t badness = 1000;     // Of a fail: thousandths of the weight.
  std::optional<Price> price = {};  // Instead of the control's severity and weight.
  std::string_view note = {};       // A literal: why a pass is a pass, a restriction that holds.

  friend bool operator==(const Verdict&, const Verdict&) = default;
};

// Proof of a verdict that is no pass. `source` is a file of `cgroup` where one is named, a file
// below /proc/PID ("status"), a full path, or "" for a conclusion; `fact` one line that names the
// fact and its value.
struct Evidence {
  std::optional<Pid> pid = {}, tid = {};
  std::optional<CgroupIndex> cgroup = {};
  std::string source = {};
  std::string fact = {};
  int error_number = 0;
};

// Where a check puts proof; null when nobody wants any, so that counting costs no text.
using EvidenceOut = std::vector<Evidence>*;

// ---- what checks see ----

// A task of a container: the leader of a process, or a thread that differs from it.
struct TaskView {
  const Snapshot& snapshot;
  const Container& container;
  const Member& member;
  const Process& process;
  const Task& task;
};

// The init of the task's container, or a process older than it.
bool PrecedesInit(const TaskView& view);

// Whether two tasks of one container differ in nothing that a check may go by: their numbers, ages,
// states, parents and counts of threads are left out. Of a run of such tasks only the first is
// judged; the verdict and the text of its proof hold for all.
bool Alike(const TaskView& a, const TaskView& b);

struct ContainerView {
  const Snapshot& snapshot;
  const NamespaceUsers& users;  // These two are made of `snapshot`.
  const HostMounts& host_mounts;
  const Container& container;
};

// Pure, total, without state: the same facts give the same verdict. The evaluator adds pid and tid
// to the evidence of a process check and takes the worst task; a check never looks at other
// verdicts. A process check says the same of tasks that are Alike().
using ProcessCheck = Verdict (*)(const TaskView&, const Params&, EvidenceOut);
using ContainerCheck = Verdict (*)(const ContainerView&, const Params&, EvidenceOut);
using HostCheck = Verdict (*)(const Snapshot&, const Params&, EvidenceOut);

// A row of a family's table.
struct Check {
  std::string_view id;  // "CAP-001": for ever.
  std::variant<ProcessCheck, ContainerCheck, HostCheck> evaluate;
  std::span<const ParamSpec> params;

  Scope scope() const { return static_cast<Scope>(evaluate.index()); }
};

std::string_view NameOf(Scope scope);
std::string_view NameOf(ParamType type);

}  // namespace hullmark
