// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/file.h"
#include "agent/collect/host_look.h"
#include "hullmark/facts.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark {

// Finds paths of the host and says on which file system they lie. Nothing that a user could have
// put in the way is followed, or waited for longer than a moment; each place is looked at once.
class HostPlaces {
 public:
  // Error: the host's root directory or its mount table is not to be had, so nothing can be found.
  static Fact<HostPlaces> Open(HostLook& look);

  struct Found {
    HostPath path;
    bool directory = false;
  };

  // What lies at an absolute path, links of root followed, with device, root, mode and owner.
  // kNotFound: nothing. kUnsupported: a link of somebody else, or a file system that a server
  // answers for, is in the way.
  Fact<Found> Find(std::string_view path);

  // The paths that a pattern stands for; `*`, `?` and braces inside a component. What is absent is
  // left out. `complete` turns false when a directory could not be listed, or "**" asks for too
  // much.
  std::vector<std::string> Expand(std::string_view pattern, bool& complete);

 private:
  HostPlaces(HostLook& look, std::span<const Mount> mounts) : look_(look), mounts_(mounts) {}

  struct Entry {
    std::string path;  // Without links.
    FileStatus status;
    std::string target;  // Of a link.
  };
  static Fact<std::string> TargetOf(const Entry& link);
  Fact<Entry> Walk(std::string_view path);
  Fact<Entry> Step(const std::string& path);
  Fact<Entry> Look(const std::string& path);
  const Mount* MountOf(const std::string& path) const;
  std::vector<std::string> NamesIn(const std::string& path, bool& complete);
  void ExpandComponent(std::string_view component, std::vector<std::string>& paths, bool& complete);

  HostLook& look_;
  std::span<const Mount> mounts_;  // The host's.
  std::map<std::string, Fact<Entry>> seen_;
  int hangs_ = 0;
};

}  // namespace hullmark
