// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "hullmark/ids.h"
#include "hullmark/result.h"

namespace hullmark {

// Parses the target of a link below /proc/PID/ns: "net:[4026531833]", see namespaces(7).
// kMalformed when it names another kind of namespace or no number.
Fact<NamespaceInode> ParseNamespaceLink(std::string_view link, NamespaceKind kind);

}  // namespace hullmark
