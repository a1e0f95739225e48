// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "agent/encode/json_writer.h"
#include "hullmark/filter_report.h"
#include "hullmark/seccomp_profile.h"

namespace hullmark {

inline constexpr std::string_view kFilterSchema = "hullmark.seccomp/1";

// For people: per set of filters what is permitted, then ways round it.
void WriteFilterText(const FilterReport& report, int columns, const ByteSink& sink);

// One JSON document of schema hullmark.seccomp/1, see docs/schema/seccomp-1.schema.json.
void WriteFilterJson(const FilterReport& report, const ByteSink& sink);

// linux.seccomp of the OCI runtime specification: for --security-opt seccomp=FILE, for a
// localhostProfile and the like.
void WriteOciProfile(const SeccompProfile& profile, const ByteSink& sink);

}  // namespace hullmark
