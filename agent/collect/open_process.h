// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "agent/base/file.h"
#include "agent/collect/collect.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark {

// The directory of a process that was read before, for what is asked of it later: it never becomes
// another's. kVanished where the number belongs to another process by now.
Fact<Fd> OpenProcess(const Roots& roots, ReadBuffer& buffer, const Process& process);

}  // namespace hullmark
