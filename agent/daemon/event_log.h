// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "agent/base/file.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"

namespace hullmark {

// The events file: a line per event, see docs/schema/event-1.schema.json. FILE is appended to; what
// is full becomes FILE.1, that FILE.2, and so on up to FILE.<keep>. Every file holds whole lines.
class EventLog {
 public:
  struct Limits {
    std::uint64_t max_size = 64U << 20;  // Bytes of a file; a longer line has one of its own.
    int keep = 4;                        // Rotated files; 0: what is full is removed.
  };

  // How many of the lines are on the disk, and why not all of them.
  struct Appended {
    std::size_t lines = 0;
    std::optional<Error> error = std::nullopt;
  };

  // Makes the file where there is none, and cuts off a line that a crash left without its end. The
  // directories must be trusted, and the file a regular one with one name that only `user` or root
  // can write to: no link is followed.
  static Result<EventLog> Open(const std::string& path, Limits limits, Uid user);

  // Of the newest line, of the newest rotated file when there is none; 0 for none.
  std::uint64_t last_id() const { return last_id_; }

  // Appends lines that EventLine made, in order, and returns when they are on the disk. Those that
  // are not may be tried again; what is not above last_id() is there already. A file that was moved
  // away or removed meanwhile is begun anew.
  Appended Append(std::span<const std::string> lines);

 private:
  EventLog(Fd directory, std::string path, Limits limits, Uid user);

  Result<void> OpenCurrent();
  Result<Fd> OpenFile(const std::string& name, int flags) const;
  Result<void> CutPartialLine();
  Result<void> Rotate();
  Appended WriteLines(std::span<const std::string> lines);
  std::size_t LinesThatFit(std::span<const std::string> lines) const;
  bool IsCurrent() const;

  Fd directory_;
  std::string path_, name_;
  Limits limits_;
  Uid user_;
  Fd file_;
  std::uint64_t size_ = 0, last_id_ = 0;
  std::optional<std::uint64_t> tried_{};  // Largest id that may be in the file; nullopt: any.
};

}  // namespace hullmark
