// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hullmark/result.h"

namespace hullmark {

// From here on this process and its threads may accept and serve connections that it has, map what
// it is handed, and nothing else: no file can be opened, nobody connected to, no program started,
// no process looked at or signalled. Whatever is not allowed fails with EPERM. no_new_privs must be
// set. Error: the filter cannot be installed. See seccomp(2).
Result<void> FilterGatewaySyscalls();

// As that, of a process that may connect over IPv4 and IPv6 and ask name servers, and cannot bind,
// listen or accept.
Result<void> FilterCourierSyscalls();

// Takes away the whole file system as well, where the kernel can (5.13), see landlock(7): a second
// lock behind the first. True: it was done.
Result<bool> ForgoFileSystem();

}  // namespace hullmark
