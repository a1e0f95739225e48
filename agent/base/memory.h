// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace hullmark {

// Gives back to the system what is resident and may never be needed again: freed heap, and pages of
// the program and its libraries that no one has written (they come back from the page cache when
// they are touched). A process that lives for years would else keep what its start alone ran.
void ReleaseMemory();

}  // namespace hullmark
