// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "agent/runtime/scene.h"
#include "hullmark/snapshot.h"

namespace hullmark::runtime {

// Base name of a file that is executed, without the " (deleted)" of one that was replaced by an
// upgrade; a file in memory keeps its own.
std::string_view ProgramOf(const Snapshot& snapshot, const Executable& executable);

// Of the file that a process executes; "" where it is unknown. A label, never a proof.
std::string_view ProgramOf(const Scene& scene, const Process& process);

// The runtime whose containers have such a parent; kUnknown for any other program.
Runtime RuntimeOfParent(std::string_view program);

// What a sandbox around the host's root is called after its first program.
Runtime SandboxOf(std::string_view program);

// A program that starts a container's first process, or becomes it, and watches over it.
bool IsStarter(std::string_view program);

}  // namespace hullmark::runtime
