// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "agent/bpf/filter_record.h"
// The skeleton is C and looks for its types at the top.
using hullmark::FilterNode;  // NOLINT(google-global-names-in-headers)
//
#include "agent/bpf/filters.skel.h"  // IWYU pragma: export
