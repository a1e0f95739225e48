// SPDX-License-Identifier: Apache-2.0
#include "agent/replay/names.h"

#include <array>
#include <cstddef>
#include <span>
#include <string_view>
#include <utility>

#include "hullmark/facts.h"
#include "hullmark/limits.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"
#include "hullmark/syscalls.h"

namespace hullmark {
namespace {

// As long as the enumeration.
template <auto kLast>
using NamesTo = std::array<std::string_view, std::to_underlying(kLast) + std::size_t{1}>;

constexpr NamesTo<CgroupVersion::kV2> kCgroupVersions = {"v1", "v2"};
constexpr NamesTo<DescriptorKind::kOther> kDescriptorKinds = {
    "closed", "terminal", "pipe", "socket", "null", "file", "other"};
constexpr NamesTo<ErrorCode::kNotRead> kErrorCodes = {"not_found", "denied",      "vanished",
                                                      "malformed", "unsupported", "truncated",
                                                      "io",        "vantage",     "not_read"};
constexpr NamesTo<Label::Module::kOther> kModules = {"apparmor", "selinux", "other"};
constexpr NamesTo<ReferenceSource::kConstant> kReferenceSources = {"pid1", "kthreadd", "constant"};
constexpr NamesTo<SeccompMode::kFilter> kSeccompModes = {"off", "strict", "filter"};
constexpr NamesTo<Trust::kUser> kTrusts = {"root", "user"};
constexpr std::array<std::string_view, 5> kMountFlags = {"read_only", "no_suid", "no_dev",
                                                         "super_read_only", "root_deleted"};

// The names that the whole program uses.
template <auto kLast>
std::span<const std::string_view> NamesOfModel() {
  static const NamesTo<kLast> names = [] {
    NamesTo<kLast> all;
    for (std::size_t i = 0; i < all.size(); ++i) {
      // NOLINTNEXTLINE(clang-analyzer-optin.core.EnumCastOutOfRange): i is at most kLast.
      all[i] = NameOf(static_cast<decltype(kLast)>(i));
    }
    return all;
  }();
  return names;
}

}  // namespace

std::span<const std::string_view> EnumNames(CgroupLayout /*kind*/) {
  return NamesOfModel<CgroupLayout::kHybrid>();
}
std::span<const std::string_view> EnumNames(CgroupVersion /*kind*/) { return kCgroupVersions; }
std::span<const std::string_view> EnumNames(ContainerClass /*kind*/) {
  return NamesOfModel<ContainerClass::kVm>();
}
std::span<const std::string_view> EnumNames(Controller /*kind*/) {
  return NamesOfModel<Controller::kDevices>();
}
std::span<const std::string_view> EnumNames(DescriptorKind /*kind*/) { return kDescriptorKinds; }
std::span<const std::string_view> EnumNames(ErrorCode /*kind*/) { return kErrorCodes; }
std::span<const std::string_view> EnumNames(Label::Module /*kind*/) { return kModules; }
std::span<const std::string_view> EnumNames(Machine /*kind*/) {
  return NamesOfModel<Machine::kAarch64>();
}
std::span<const std::string_view> EnumNames(ReferenceSource /*kind*/) { return kReferenceSources; }
std::span<const std::string_view> EnumNames(Runtime /*kind*/) {
  return NamesOfModel<Runtime::kEcs>();
}
std::span<const std::string_view> EnumNames(SeccompMode /*kind*/) { return kSeccompModes; }
std::span<const std::string_view> EnumNames(TaskSource /*kind*/) {
  return NamesOfModel<TaskSource::kBpf>();
}
std::span<const std::string_view> EnumNames(Trust /*kind*/) { return kTrusts; }

std::span<const std::string_view> MountFlagNames() { return kMountFlags; }

}  // namespace hullmark
