// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "hullmark/posture.h"

namespace hullmark {

// What stays of a container when it is made anew, so that two looks can be compared. Ids do not.
// Keys are for equality only and never shown. Names are claims: one that a user could have written
// is worth as much as the user slice that the kernel has the container in, so that nobody gets the
// record of another's container by taking its name.

// Whose word the names are, or whose container it is where nobody names it: "" for root.
std::string OwnerOf(const PostureContainer& container);

// One container: runtime and name; pod and container in Kubernetes.
std::string NameKeyOf(const PostureContainer& container);

// Containers that do the same, of which there may be several, in this order: namespace, workload,
// container and image in Kubernetes (a pod's name less the parts that a controller made up);
// project and service in compose; the image without tag and digest where the name was made up by
// Docker or Podman, or is missing; the name; the cgroup's path less what looks like an id.
std::string WorkloadKeyOf(const PostureContainer& container);

}  // namespace hullmark
