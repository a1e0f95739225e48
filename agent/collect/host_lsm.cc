// SPDX-License-Identifier: Apache-2.0
#include <string_view>

#include "agent/base/file.h"
#include "agent/collect/host_look.h"
#include "agent/parse/host_files.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

// A file of one character that says yes or no.
template <char kYes, char kNo>
Fact<bool> ParseSwitch(std::string_view text) {
  const auto word = TrimLine(text);
  if (word.size() != 1 || (word[0] != kYes && word[0] != kNo)) {
    return Missing(ErrorCode::kMalformed);
  }
  return word[0] == kYes;
}

// While securityfs is not mounted, an absent file in it says nothing of the kernel.
template <typename T>
Fact<T> UnlessHidden(Fact<T> fact, bool absence_counts) {
  if (!fact && fact.error().code == ErrorCode::kNotFound && !absence_counts) {
    return Missing(ErrorCode::kVantage);
  }
  return fact;
}

bool AbsenceCounts(const HostLook& look) {
  const auto directory = OpenDirectory(look.roots.sys.get(), "kernel/security");
  if (!directory || look.roots.plain) return true;  // Absent: this kernel has none.
  const auto kind = FileSystemOf(directory->get());
  return kind && *kind != FileSystemKind::kSysfs;
}

}  // namespace

void CollectSecurityModules(HostLook& look) {
  Host& host = look.snapshot.host;
  const Fd& sys = look.roots.sys;
  const bool absence_counts = AbsenceCounts(look);
  host.lsm = UnlessHidden(look.Read(sys, "kernel/security/lsm", ParseLsmList), absence_counts);
  host.apparmor_enabled =
      look.Read(sys, "module/apparmor/parameters/enabled", ParseSwitch<'Y', 'N'>);
  host.apparmor_enforced_profiles = UnlessHidden(
      look.Read(sys, "kernel/security/apparmor/profiles", CountEnforcedProfiles), absence_counts);
  host.selinux_enforcing = look.Read(sys, "fs/selinux/enforce", ParseSwitch<'1', '0'>);
  host.lockdown =
      UnlessHidden(look.Read(sys, "kernel/security/lockdown", ParseLockdown), absence_counts);
  host.module_signatures_enforced =
      look.Read(sys, "module/module/parameters/sig_enforce", ParseSwitch<'Y', 'N'>);
}

}  // namespace hullmark
