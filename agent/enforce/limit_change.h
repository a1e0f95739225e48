// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "agent/base/file.h"
#include "hullmark/result.h"

namespace hullmark {

// A directory of a cgroup file system that is known by its inode: another cgroup of the same name
// is another one.
struct CgroupPlace {
  std::string directory{};
  std::uint64_t inode = 0;

  friend bool operator==(const CgroupPlace&, const CgroupPlace&) = default;
};

// Opens it if it is the same still. kVanished: it is gone, or another one is in its place.
Result<Fd> OpenPlace(const CgroupPlace& place);

// A file of it, less the newline at its end.
Result<std::string> ReadValue(const Fd& place, const std::string& file);
Result<void> WriteValue(const Fd& place, const std::string& file, std::string_view value);

// A value of a cgroup's file that is, or was, replaced by ours. Of a file with a line per device
// `device` names the line ("8:0"), and the values are what follows it.
struct LimitChange {
  CgroupPlace place{};
  std::string file{};
  std::string device{};  // "": the file has one value.
  std::string former{};  // As it was read, byte for byte, before we changed it first.
  std::string value{};   // As the kernel shows what we write.
  // Of systemd, whose property it is, see agent/enforce/unit_limits.h; "": the file is all.
  std::string unit{};
  std::uint64_t unit_former = 0;  // The property's value before.

  friend bool operator==(const LimitChange&, const LimitChange&) = default;
};

// Whether both are of the same value of the same cgroup.
bool IsSameSpot(const LimitChange& a, const LimitChange& b);

// Whether it is of a file that hullmark changes at all: nothing else is ever restored.
bool IsOfLimit(const LimitChange& change);

// Whether a directory lies in cgroupfs, of either version.
bool IsInCgroupfs(const Fd& place);

// Whether what a file has is what we wrote: the kernel shows memory in whole pages, and a v1
// freezer on its way as FREEZING.
bool IsOurs(const LimitChange& change, std::string_view current);

// nullopt: "max", "-1", or anything else that is no number.
std::optional<std::uint64_t> NumberIn(std::string_view value);

// The value that the file has now. A device without a line has the file's "no limit".
Result<std::string> CurrentValue(const Fd& place, const LimitChange& change);
// The same, of the text of the file.
std::string ValueIn(std::string_view text, const LimitChange& change);

// Writes its value.
Result<void> Apply(const Fd& place, const LimitChange& change);
// Writes any value of its file.
Result<void> Set(const Fd& place, const LimitChange& change, const std::string& value);
// What is written for a value of it.
std::string TextOf(const LimitChange& change, const std::string& value);

}  // namespace hullmark
