// SPDX-License-Identifier: Apache-2.0
#include "checks/core_dumps.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "checks/kernel_settings.h"
#include "checks/verdicts.h"
#include "hullmark/check.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

constexpr std::size_t kTrustedHelpers = 0;
constexpr std::size_t kDumpableOk = 1;
constexpr std::string_view kPattern = "/proc/sys/kernel/core_pattern";
constexpr std::string_view kDumpable = "/proc/sys/fs/suid_dumpable";

bool IsTrusted(std::string_view path, const Params& params) {
  const auto& trusted = params.Strings(kTrustedHelpers);
  return std::ranges::find(trusted, path) != trusted.end();
}

// A helper runs as root of the host, for crashes in any container: nobody else may change it.
Verdict HelperSafe(const Snapshot& snapshot, std::string_view command, const Params& params,
                   EvidenceOut out) {
  constexpr std::uint32_t kOthersWrite = 0022;
  const auto path = command.substr(0, command.find(' '));
  if (!IsTrusted(path, params)) {
    return Fail(out, kPattern, [&] { return "runs " + Cut(path); });
  }
  const Fact<HostPath>& helper = snapshot.host.core_program;
  if (!helper) return Unknown(out, path, helper.error());
  if (helper->uid == Uid{0} && (helper->mode & kOthersWrite) == 0) return Pass();
  return Fail(out, path, "others than root can change it");
}

Verdict PatternSafe(const Snapshot& snapshot, std::string_view pattern, const Params& params,
                    EvidenceOut out) {
  if (pattern.starts_with('|')) {
    auto command = pattern.substr(1);
    command.remove_prefix(std::min(command.find_first_not_of(' '), command.size()));
    return HelperSafe(snapshot, command, params, out);
  }
  // Since 6.16 a socket; "@@" asks for the newer protocol.
  if (pattern.starts_with('@')) {
    const auto path = pattern.substr(pattern.starts_with("@@") ? 2 : 1);
    if (!IsTrusted(path, params)) {
      return Fail(out, kPattern, [&] { return "sends to " + Cut(path); });
    }
  }
  return Pass();
}

// Dumps of set-uid programs belong to root when the value is 2: then they must not land in a
// directory that the crashing process chose.
Verdict SetUidDumpsSafe(const Host& host, std::string_view pattern, const Params& params,
                        EvidenceOut out) {
  constexpr std::int64_t kRootOnly = 2;
  const Fact<std::int64_t> value = SysctlNumber(host, "fs/suid_dumpable");
  if (!value) return Unknown(out, kDumpable, value.error());
  const auto& accepted = params.Integers(kDumpableOk);
  if (std::ranges::find(accepted, *value) != accepted.end()) return Pass();
  const bool elsewhere = !pattern.empty() && std::string_view("|/@").contains(pattern.front());
  if (*value == kRootOnly && elsewhere) return Pass();
  return Fail(out, kDumpable, [&] { return "is " + std::to_string(*value); });
}

}  // namespace

Verdict CoreDumpsSafe(const Snapshot& snapshot, const Params& params, EvidenceOut out) {
  const Fact<std::string_view> pattern = SysctlText(snapshot.host, "kernel/core_pattern");
  if (!pattern) return Unknown(out, kPattern, pattern.error());
  // Judged without proof first: only the worse part leaves any.
  const Verdict safe = PatternSafe(snapshot, *pattern, params, nullptr);
  const Verdict dumps = SetUidDumpsSafe(snapshot.host, *pattern, params, nullptr);
  if (dumps.outcome > safe.outcome) return SetUidDumpsSafe(snapshot.host, *pattern, params, out);
  return PatternSafe(snapshot, *pattern, params, out);
}

}  // namespace hullmark
