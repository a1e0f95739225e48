// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "hullmark/check.h"
#include "hullmark/report.h"
#include "hullmark/snapshot.h"

namespace hullmark {

// What a Report says, on its own and without the proof: what two looks at a host are compared by.
// It comes from a Report in memory or from a document of one; texts of the latter are hostile.

struct PostureFinding {
  std::uint16_t control = 0;  // Index into Posture::controls.
  Status status = Status::kUnknown;
  // Neither is of a pass or of what does not apply.
  Severity severity = Severity::kInfo;  // Effective.
  std::string proof{};                  // First line of it; "" where there is none.
};

struct PostureControl {
  std::string id{}, title{};
};

// The host, or a container.
struct PostureSubject {
  MilliPoints exposure = 0;
  double score = 0;  // As reports print it.
  std::optional<Grade> grade{};
  std::vector<PostureFinding> findings{};  // One per control at most, in the report's order.
};

struct PostureContainer {
  std::string id{}, name{}, image{};  // "" where nothing names it.
  Runtime runtime = Runtime::kUnknown;
  ContainerClass container_class = ContainerClass::kContainer;
  bool claimed = false;                              // A file of a runtime names it.
  bool claimed_by_user = false;                      // One that a user could have written.
  std::string name_space{}, pod{}, pod_container{};  // Of Kubernetes; else "".
  std::string project{}, service{};                  // Of compose; else "".
  std::string cgroup{};                              // Path; "" where it is not known.
  PostureSubject subject{};
};

struct Posture {
  std::string taken_at{};  // RFC 3339, as reports print it.
  std::string host{}, boot_id{};
  std::string benchmark{}, benchmark_version{}, benchmark_sha256{};
  std::vector<std::string> select{};
  std::vector<ContainerClass> classes{};
  bool limited = false;  // The look had problems: what is missing may be there all the same.
  std::vector<PostureControl> controls{};
  PostureSubject machine{};  // The host itself.
  std::vector<PostureContainer> containers{};
};

}  // namespace hullmark
