// SPDX-License-Identifier: Apache-2.0
#include "agent/confine/privileges.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <expected>
#include <string>
#include <string_view>

#include "agent/base/file.h"
#include "hullmark/result.h"

namespace hullmark {
namespace {

constexpr uid_t kNobody = 65534;

std::unexpected<Error> FailWith(const std::string& step) {
  const int number = errno;
  return Fail(CodeOfErrno(number), "giving up privileges: " + step + ": " + std::strerror(number));
}

// Capabilities that a later execve(2) could get back. Only a process with CAP_SETPCAP can drop
// them, and no_new_privs closes the same way for the others.
Result<void> EmptyBoundingSet() {
  for (unsigned long cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; ++cap) {
    if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) != 0 && errno != EPERM) {
      return FailWith("the bounding set");
    }
  }
  return {};
}

// Whether this user namespace was made by one who may not give groups up, see user_namespaces(7).
bool GroupsAreFixed() {
  const Fd file(open("/proc/self/setgroups", O_RDONLY | O_CLOEXEC));
  std::array<char, 4> word{};
  return file && read(file.get(), word.data(), word.size()) == ssize_t{word.size()} &&
         std::string_view(word.data(), word.size()) == "deny";
}

// In a user namespace some ids may be impossible: what could not be given up, "" for nothing. The
// kernel says EINVAL of an id without a mapping, and of nothing else here.
Result<std::string> BecomeUser(uid_t uid, gid_t gid) {
  std::string kept;
  if (setgroups(0, nullptr) != 0) {
    if (errno != EPERM || !GroupsAreFixed()) return FailWith("setgroups");
    kept += " groups";
  }
  if (setresgid(gid, gid, gid) != 0) {
    if (errno != EINVAL) return FailWith("setresgid");
    kept += " gid";
  }
  if (setresuid(uid, uid, uid) != 0) {
    if (errno != EINVAL) return FailWith("setresuid");
    kept += " uid";
  }
  return kept;
}

Result<void> EmptyCapabilities() {
  if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0) {
    return FailWith("ambient capabilities");
  }
  __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  const std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> none{};
  auto had = none;
  if (syscall(SYS_capget, &header, had.data()) != 0) return FailWith("capget");
  // Who starts without any may be forbidden the call that drops them.
  const bool empty = std::ranges::all_of(had, [](const __user_cap_data_struct& part) {
    return part.effective == 0 && part.permitted == 0 && part.inheritable == 0;
  });
  if (empty) return {};
  if (syscall(SYS_capset, &header, none.data()) != 0) return FailWith("capset");
  return {};
}

// Gives what did not work, for a warning.
Result<std::string> GiveUpRoot(const std::string& user) {
  const passwd* const entry = getpwnam(user.c_str());
  const uid_t uid = entry == nullptr ? kNobody : entry->pw_uid;
  const gid_t gid = entry == nullptr ? kNobody : entry->pw_gid;
  if (uid == 0) return Fail(ErrorCode::kDenied, "giving up privileges: " + user + " is root");
  const auto kept = BecomeUser(uid, gid);
  if (!kept) return std::unexpected(kept.error());
  std::string warning;
  if (entry == nullptr) warning = "there is no user " + user + ": 65534 serves in its place";
  if (!kept->empty()) {
    warning += (warning.empty() ? "" : "; ") + ("kept in this user namespace:" + *kept);
  }
  return warning;
}

}  // namespace

Result<std::string> DropPrivileges(const std::string& user) {
  if (const auto emptied = EmptyBoundingSet(); !emptied) return std::unexpected(emptied.error());
  Result<std::string> warning;
  if (geteuid() == 0) warning = GiveUpRoot(user);
  if (!warning) return warning;
  if (const auto emptied = EmptyCapabilities(); !emptied) return std::unexpected(emptied.error());
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return FailWith("no_new_privs");
  if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return FailWith("dumpable");
  const rlimit none = {.rlim_cur = 0, .rlim_max = 0};
  if (setrlimit(RLIMIT_CORE, &none) != 0) return FailWith("core dumps");
  return warning;
}

}  // namespace hullmark
