// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "hullmark/result.h"

namespace hullmark {

// Gives up for ever what this process may do beyond its own files: becomes `user` (65534 when there
// is none of this name) if it is root, empties all capability sets and sets no_new_privs. Ids that
// a user namespace does not let go of are kept: without capabilities they are those of its maker.
// To be called before a second thread is started. Returns a warning, "" if there is nothing to say.
// Error: a step failed, and the process has more privilege than it should.
Result<std::string> DropPrivileges(const std::string& user);

}  // namespace hullmark
