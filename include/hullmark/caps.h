// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace hullmark {

// Capability numbers of linux/capability.h, see capabilities(7).
enum class Cap : std::uint8_t {
  kChown = 0,
  kDacOverride,
  kDacReadSearch,
  kFowner,
  kFsetid,
  kKill,
  kSetgid,
  kSetuid,
  kSetpcap,
  kLinuxImmutable,
  kNetBindService,
  kNetBroadcast,
  kNetAdmin,
  kNetRaw,
  kIpcLock,
  kIpcOwner,
  kSysModule,
  kSysRawio,
  kSysChroot,
  kSysPtrace,
  kSysPacct,
  kSysAdmin,
  kSysBoot,
  kSysNice,
  kSysResource,
  kSysTime,
  kSysTtyConfig,
  kMknod,
  kLease,
  kAuditWrite,
  kAuditControl,
  kSetfcap,
  kMacOverride,
  kMacAdmin,
  kSyslog,
  kWakeAlarm,
  kBlockSuspend,
  kAuditRead,
  kPerfmon,
  kBpf,
  kCheckpointRestore,
};
inline constexpr int kNamedCaps = 41;

// A set of capabilities; bits without a name here are kept.
class CapSet {
 public:
  constexpr CapSet() = default;
  constexpr explicit CapSet(std::uint64_t bits) : bits_(bits) {}
  constexpr CapSet(std::initializer_list<Cap> caps) {
    for (const Cap cap : caps) bits_ |= std::uint64_t{1} << std::to_underlying(cap);
  }

  // Every capability from 0 to `last`, which is /proc/sys/kernel/cap_last_cap.
  static constexpr CapSet UpTo(int last) {
    return CapSet(last >= 63 ? ~std::uint64_t{0} : (std::uint64_t{1} << (last + 1)) - 1);
  }

  constexpr std::uint64_t bits() const { return bits_; }
  constexpr bool empty() const { return bits_ == 0; }
  constexpr bool Has(Cap cap) const { return ((bits_ >> std::to_underlying(cap)) & 1) != 0; }
  constexpr bool Intersects(CapSet other) const { return (bits_ & other.bits_) != 0; }
  constexpr bool SubsetOf(CapSet other) const { return (bits_ & ~other.bits_) == 0; }

  friend constexpr CapSet operator|(CapSet a, CapSet b) { return CapSet(a.bits_ | b.bits_); }
  friend constexpr CapSet operator&(CapSet a, CapSet b) { return CapSet(a.bits_ & b.bits_); }
  friend constexpr CapSet operator-(CapSet a, CapSet b) { return CapSet(a.bits_ & ~b.bits_); }
  friend constexpr bool operator==(CapSet, CapSet) = default;

 private:
  std::uint64_t bits_ = 0;
};

// "CAP_SYS_ADMIN"; nullopt for a number above kNamedCaps.
std::optional<std::string_view> NameOfCap(int number);

// Takes "SYS_ADMIN" and "CAP_SYS_ADMIN", upper case only.
std::optional<Cap> CapOfName(std::string_view name);

// "CAP_NET_ADMIN, CAP_SYS_ADMIN"; bits without a name as "bit 45"; past `most` names "and 7 more".
std::string ToText(CapSet caps, int most = 8);

}  // namespace hullmark
