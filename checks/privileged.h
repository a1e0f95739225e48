// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hullmark/check.h"
#include "hullmark/result.h"

namespace hullmark {

// The facts that --privileged leaves in the kernel. They are read here and not from the verdicts of
// other controls, so that a waiver or a parameter of those changes nothing.

// Whether the bounding set of the container's init has every capability up to AUDIT_READ: where
// older engines' lists stop. With `only_given` those that the host's own pid 1 lacks do not count.
// Errors: no init (kNotFound), the fault of its status or of the host's bounding set.
Fact<bool> HasAllCaps(const ContainerView& view, bool only_given);

// Whether the init runs without a seccomp filter. Errors: as above; kNotRead without the line.
Fact<bool> SeccompOff(const ContainerView& view);

// Whether device access is not limited at all: a wildcard rule (v1) or no program (v2). Errors: the
// fault of the rules or programs.
Fact<bool> DevicesOpen(const ContainerView& view);

// Whether the kernel's settings, or its view of devices and drivers, can be written. Errors: the
// fault of the mounts; kTruncated when a mount that was not read might decide.
Fact<bool> ProcSysWritable(const ContainerView& view);
Fact<bool> SysWritable(const ContainerView& view);

}  // namespace hullmark
