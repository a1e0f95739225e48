// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hullmark/facts.h"
#include "hullmark/result.h"
#include "hullmark/strings.h"

namespace hullmark {

struct ParsedMounts {
  std::vector<Mount> mounts;  // In file order.
  bool truncated = false;     // There were more: past `most_mounts`, or the last line is cut off.
};

// Parses /proc/PID/mountinfo, see proc_pid_mountinfo(5); texts go to `strings` with their octal
// escapes undone. An empty file is an empty table: no mount is below the process' root. kMalformed
// when any whole line is not a mount, since a table with holes would hide what covers what.
Fact<ParsedMounts> ParseMountinfo(std::string_view text, StringTable& strings,
                                  std::size_t most_mounts);

// A mount and its super options as they stand in the file: escapes kept, so that a comma is always
// a separator.
struct MountLine {
  Mount mount;
  std::string super_options;
};

// The same for a reader's own table, in which the options name the cgroup controllers. A last line
// that is cut off is kMalformed here.
Fact<std::vector<MountLine>> ParseMountinfoWithOptions(std::string_view text, StringTable& strings);

// The value of `key=value`, escapes kept, or "" for a bare `key`, in comma-separated super options.
std::optional<std::string_view> SuperOption(std::string_view super_options, std::string_view key);

// `text` with each backslash and three octal digits replaced by the byte they name.
std::string WithoutOctalEscapes(std::string_view text);

}  // namespace hullmark
