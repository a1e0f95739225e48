// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>

#include "agent/evaluate/changes.h"
#include "hullmark/posture.h"
#include "hullmark/snapshot.h"

namespace hullmark {

// What a Report does not know of itself.
struct AskedFor {
  std::string taken_at;  // As reports print the Snapshot's.
  std::span<const std::string> select;
  std::span<const ContainerClass> classes;
};

// The same as reading the document of the Report gives. Containers and findings keep their places.
Posture PostureOf(const JudgedScan& scan, const AskedFor& asked);

}  // namespace hullmark
