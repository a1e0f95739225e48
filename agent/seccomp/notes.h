// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "agent/seccomp/program.h"
#include "hullmark/seccomp.h"
#include "hullmark/snapshot.h"
#include "hullmark/syscalls.h"

namespace hullmark {

// What the kernel has noted of a task's filters: see PermittedNumbers.

// The architecture of a machine that `permitted_compat` is about.
std::uint32_t CompatArchOf(Machine machine);

// The first number of which filters together would be noted otherwise than they are; nullopt where
// they are the ones that the notes were made of.
std::optional<std::uint32_t> FirstDisagreement(std::span<const FilterProgram* const> filters,
                                               std::uint32_t arch,
                                               const PermittedNumbers& permitted);

// What notes alone tell: numbers that are permitted, and nothing of the others.
ArchRules RulesOfNotes(std::uint32_t arch, const PermittedNumbers& permitted);

}  // namespace hullmark
