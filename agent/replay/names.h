// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>

#include "hullmark/facts.h"
#include "hullmark/limits.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"
#include "hullmark/syscalls.h"

namespace hullmark {

// Names of enumerators in a snapshot document, by value.
std::span<const std::string_view> EnumNames(CgroupLayout);
std::span<const std::string_view> EnumNames(CgroupVersion);
std::span<const std::string_view> EnumNames(ContainerClass);
std::span<const std::string_view> EnumNames(Controller);
std::span<const std::string_view> EnumNames(DescriptorKind);
std::span<const std::string_view> EnumNames(ErrorCode);
std::span<const std::string_view> EnumNames(Label::Module);
std::span<const std::string_view> EnumNames(Machine);
std::span<const std::string_view> EnumNames(ReferenceSource);
std::span<const std::string_view> EnumNames(Runtime);
std::span<const std::string_view> EnumNames(SeccompMode);
std::span<const std::string_view> EnumNames(TaskSource);
std::span<const std::string_view> EnumNames(Trust);

// Of the members of MountFlags, in order.
std::span<const std::string_view> MountFlagNames();

}  // namespace hullmark
