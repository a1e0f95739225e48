// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>

#include "agent/parse/proc_cgroup.h"
#include "hullmark/facts.h"
#include "hullmark/ids.h"
#include "hullmark/limits.h"
#include "hullmark/strings.h"

namespace hullmark {

// The inverse of the parsers, in the kernel's own form: parse after print must change nothing.

std::string PrintStatus(const ProcStatus& status, std::span<const Gid> groups);
std::string PrintIdMap(const IdMap& map);
std::string PrintMount(const Mount& mount, const StringTable& strings);
std::string PrintCgroup(std::span<const CgroupLine> lines);
std::string PrintIoMax(std::span<const IoLimit> limits);
std::string PrintDevices(std::span<const DeviceRule> rules);

}  // namespace hullmark
