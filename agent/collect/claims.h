// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "agent/base/file.h"
#include "agent/collect/collect.h"
#include "agent/runtime/attribute.h"

namespace hullmark {

// What attribution may ask of the host, read below `roots` with bounds: claim files are regular,
// small and opened without following links; one that hangs is given up, and after a few such no
// more are tried. Keeps references to its arguments.
HostReader MakeHostReader(const Roots& roots, ReadBuffer& buffer);

}  // namespace hullmark
