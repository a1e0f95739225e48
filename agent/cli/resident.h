// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include "agent/cli/command.h"
#include "agent/collect/collector.h"
#include "agent/config/config.h"
#include "agent/daemon/inspection.h"
#include "hullmark/result.h"

namespace hullmark {

// What the commands have in common that stay.

// Of signals, descriptors and memory: for a process that scans again and again.
void PrepareProcess();

// What to judge by, as the files of the site say now.
Result<Standard> LoadStandard(const GlobalOptions& global);

// What may stay open between scans. Half of the descriptors are left to everything else.
KeepOptions WhatToKeep(const Config& config);

// Settles a scan and gives back the memory that it took.
std::function<void()> AfterScan(Inspection& inspection);

}  // namespace hullmark
