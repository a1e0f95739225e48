// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/runtime/attribute.h"
#include "agent/runtime/json_fields.h"
#include "hullmark/ids.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace runtime {

// What is asked of a kind of claim file, see JsonFields. Lives as long as the program: what was
// read is known by its address.
struct Picks {
  std::span<const std::string_view> wanted;
  std::string_view labels;  // Where those are that selectors name; "": nowhere.
};

// What was asked, of one file.
struct PickedFile {
  JsonFields fields;
  std::optional<std::int64_t> number{};  // Of a file that is one.
  Uid owner{};
  Trust trust = Trust::kUser;
};

}  // namespace runtime

// What was read of claim files, for looks that come after. A file is read again when its identity
// has changed, when its turn has come, or when other labels are asked for. Whose word it is was
// decided when it was read: who could write it since would have changed it.
class KeptClaims {
 public:
  // Bytes of memory, about: past them files are read each time.
  explicit KeptClaims(std::size_t most_bytes) : most_bytes_(most_bytes) {}

  // `is_due` tells by a number that stands for a path whether its turn has come.
  void BeginLook(Timestamp now, std::function<bool(std::uint64_t)> is_due,
                 std::span<const std::string> label_keys);

  // nullptr: it has to be read.
  std::shared_ptr<const runtime::PickedFile> Find(const std::string& path,
                                                  const runtime::Picks& picks,
                                                  const FileIdentity& identity);
  void Keep(const std::string& path, const runtime::Picks& picks, const FileIdentity& identity,
            std::shared_ptr<const runtime::PickedFile> file);

  // Forgets the files that nobody asked for since the look began.
  void EndLook();

  std::size_t size() const { return files_.size(); }

 private:
  struct Place {
    std::string path;
    const runtime::Picks* picks;

    friend auto operator<=>(const Place&, const Place&) = default;
  };
  struct Kept {
    FileIdentity identity;
    std::shared_ptr<const runtime::PickedFile> file;
    std::size_t bytes = 0;
    bool asked_for = true;
  };
  using Files = std::map<Place, Kept>;

  Files::iterator Forget(Files::iterator at);

  std::size_t most_bytes_, bytes_ = 0;
  Files files_;
  Timestamp now_{};
  std::function<bool(std::uint64_t)> is_due_;
  std::vector<std::string> label_keys_;
};

}  // namespace hullmark
